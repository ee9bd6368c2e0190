/**
 * What was said so far and what is said from now on, for any number of readers: a slow one loses nothing and holds nobody back.
 * All of it stays in memory.
 *
 * @since 0.1.0
 */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as Observable from "./observable.ts"

/** @internal */
export interface Replayed<A> {
  readonly push: (value: A) => Effect.Effect<void>
  readonly end: Effect.Effect<void>
  /** From the first one on; ends with the last one. */
  readonly stream: Stream.Stream<A>
}

/** @internal */
export const make = <A>(): Effect.Effect<Replayed<A>> =>
  Effect.map(Observable.make({ count: 0, over: false }), (state) => {
    const said: Array<A> = []
    return {
      push: (value) => state.update(({ over }) => ({ count: said.push(value), over })),
      end: state.update(({ count }) => ({ count, over: true })),
      stream: Stream.suspend(() => {
        let at = 0
        return Stream.repeatEffectChunkOption(
          Effect.flatMap(
            state.until(({ count, over }) => count > at || over),
            (): Effect.Effect<Chunk.Chunk<A>, Option.Option<never>> => {
              const some = said.slice(at)
              at += some.length
              return some.length > 0 ? Effect.succeed(Chunk.unsafeFromArray(some)) : Effect.fail(Option.none())
            }
          )
        )
      })
    }
  })
