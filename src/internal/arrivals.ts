/**
 * Connections that have arrived at a listener and wait to be taken.
 *
 * @since 0.1.0
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Duplex } from "node:stream"

/** As many as a kernel lets wait. */
const waiting = 511

/**
 * What a listener's callback offers to, and what its user takes from.
 *
 * @internal
 */
export interface Arrivals<out E = never> {
  /** `false` where too many wait: whoever offers closes it. */
  readonly offer: (connection: Duplex) => boolean
  readonly taken: Stream.Stream<Duplex, E>
}

const release = (queue: Queue.Queue<Duplex>) =>
  Effect.zipRight(
    Effect.map(Queue.takeAll(queue), (connections) => Array.from(connections, (connection) => connection.destroy())),
    Queue.shutdown(queue)
  ).pipe(
    // Taking from one that is shut down already would interrupt.
    Effect.unlessEffect(Queue.isShutdown(queue))
  )

/** One at a time: nobody closes what a stream that is left has in hand. */
const connections = (queue: Queue.Queue<Duplex>) => ({
  offer: (connection: Duplex) => Queue.unsafeOffer(queue, connection),
  taken: Stream.fromQueue(queue, { maxChunkSize: 1 })
})

const scoped = Effect.acquireRelease(Queue.dropping<Duplex>(waiting), release)

/**
 * A queue whose scope closes what nobody took: nobody else would.
 *
 * @internal
 */
export const make: Effect.Effect<Arrivals, never, Scope.Scope> = Effect.map(scoped, connections)

/**
 * The same for a link: what is taken ends with its error.
 *
 * @internal
 */
export const until = <E>(lost: Effect.Effect<never, E>): Effect.Effect<Arrivals<E>, never, Scope.Scope> =>
  Effect.gen(function*() {
    const queue = yield* scoped
    const why = yield* Deferred.make<never, E>()
    // A stream merged with the loss would have one more in hand.
    yield* lost.pipe(
      Effect.catchAll((error) => Effect.zipRight(Deferred.fail(why, error), release(queue))),
      Effect.forkScoped
    )
    const { offer, taken } = connections(queue)
    const end = Effect.map(
      Deferred.poll(why),
      Option.match({ onNone: () => Stream.empty, onSome: (error) => Stream.fromEffect(error) })
    )
    return { offer, taken: Stream.concat(taken, Stream.unwrap(end)) }
  })
