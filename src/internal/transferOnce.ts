/**
 * What is made once for several who ask at the same time.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"

/**
 * As `Effect.cached`, but only success is kept: who asks while it is made and is then interrupted leaves nothing behind.
 *
 * @internal
 */
export const make = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> => {
  const held = Ref.unsafeMake(Option.none<A>())
  const alone = Effect.unsafeMakeSemaphore(1).withPermits(1)
  return alone(Effect.flatMap(
    Ref.get(held),
    Option.match({
      onNone: () => Effect.tap(effect, (made) => Ref.set(held, Option.some(made))),
      onSome: (made) => Effect.succeed(made)
    })
  ))
}
