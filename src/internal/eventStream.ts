/**
 * What happens while an effect runs, as a stream.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import * as Take from "effect/Take"

/** Bounded: a slow reader slows the effect down instead of filling memory. */
const buffered = 16

/**
 * The events that an effect emits, in order; the stream ends, or fails, as the effect does. Leaving the stream interrupts it.
 *
 * @internal
 */
export const make = <A, E, R>(
  run: (emit: (event: A) => Effect.Effect<void>) => Effect.Effect<unknown, E, R>
): Stream.Stream<A, E, R> =>
  Stream.unwrapScoped(Effect.gen(function*() {
    const queue = yield* Queue.bounded<Take.Take<A, E>>(buffered)
    yield* run((event) => Queue.offer(queue, Take.of(event))).pipe(
      Effect.matchCauseEffect({
        onFailure: (cause) => Queue.offer(queue, Take.failCause(cause)),
        onSuccess: () => Queue.offer(queue, Take.end)
      }),
      Effect.forkScoped
    )
    return Stream.flattenTake(Stream.fromQueue(queue))
  }))
