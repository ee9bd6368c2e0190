/**
 * Streams that give one thing after the other, as bytes of a process and connections of a listener do. Run here, they are the
 * plain loop that they are: a stream takes a hundred operations and a fiber for each.
 *
 * @since 0.1.0
 */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"

const Next: unique symbol = Symbol.for("lazycluster/pulled/Next")

/** A stream that says how it comes by the next one: `None` at its end. */
interface Pulled<A, E> extends Stream.Stream<A, E> {
  readonly [Next]: Effect.Effect<Option.Option<A>, E>
}

const isPulled = <A, E>(stream: Stream.Stream<A, E>): stream is Pulled<A, E> => Predicate.hasProperty(stream, Next)

const pullOf = <A, E>(next: Effect.Effect<Option.Option<A>, E>): Effect.Effect<A, Option.Option<E>> =>
  Effect.flatMap(
    Effect.mapError(next, Option.some),
    Option.match({ onNone: () => Effect.fail(Option.none()), onSome: Effect.succeed })
  )

/**
 * What `next` gives, until that is `None`.
 *
 * @internal
 */
export const make = <A, E>(next: Effect.Effect<Option.Option<A>, E>): Stream.Stream<A, E> =>
  Object.assign(Stream.repeatEffectOption(pullOf(next)), { [Next]: next })

/**
 * `Stream.runForEach`.
 *
 * @internal
 */
export const forEach: {
  <A, E2, R>(
    act: (value: A) => Effect.Effect<unknown, E2, R>
  ): <E>(self: Stream.Stream<A, E>) => Effect.Effect<void, E | E2, R>
  <A, E, E2, R>(
    self: Stream.Stream<A, E>,
    act: (value: A) => Effect.Effect<unknown, E2, R>
  ): Effect.Effect<void, E | E2, R>
} = dual(
  2,
  <A, E, E2, R>(
    self: Stream.Stream<A, E>,
    act: (value: A) => Effect.Effect<unknown, E2, R>
  ): Effect.Effect<void, E | E2, R> =>
    isPulled(self)
      ? Effect.suspend(() => {
        let open = true
        const body = Effect.flatMap(self[Next], (next): Effect.Effect<unknown, E2, R> => {
          if (Option.isSome(next)) return act(next.value)
          open = false
          return Effect.void
        })
        return Effect.whileLoop({ while: () => open, body: () => body, step: () => undefined })
      })
      : Stream.runForEach(self, act)
)

/**
 * `Stream.toPull`.
 *
 * @internal
 */
export const toPull = <A, E>(
  self: Stream.Stream<A, E>
): Effect.Effect<Effect.Effect<Chunk.Chunk<A>, Option.Option<E>>, never, Scope.Scope> =>
  isPulled(self) ? Effect.succeed(Effect.map(pullOf(self[Next]), Chunk.of)) : Stream.toPull(self)

/**
 * All of it as text.
 *
 * @internal
 */
export const text = <E>(self: Stream.Stream<Uint8Array, E>): Effect.Effect<string, E> =>
  Effect.suspend(() => {
    const decoder = new TextDecoder()
    let all = ""
    return Effect.map(
      forEach(self, (bytes) =>
        Effect.sync(() => {
          all += decoder.decode(bytes, { stream: true })
        })),
      () => all + decoder.decode()
    )
  })
