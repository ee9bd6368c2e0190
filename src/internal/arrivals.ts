/**
 * Connections that have arrived at a listener and wait to be taken.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
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
export interface Arrivals {
  /** `false` where too many wait: whoever offers closes it. */
  readonly offer: (connection: Duplex) => boolean
  readonly taken: Stream.Stream<Duplex>
}

/**
 * A queue whose scope closes what nobody took: nobody else would.
 *
 * @internal
 */
export const make: Effect.Effect<Arrivals, never, Scope.Scope> = Effect.acquireRelease(
  Queue.dropping<Duplex>(waiting),
  (queue) =>
    Effect.zipRight(
      Effect.map(Queue.takeAll(queue), (connections) => Array.from(connections, (connection) => connection.destroy())),
      Queue.shutdown(queue)
    )
).pipe(
  Effect.map((queue) => ({
    offer: (connection) => Queue.unsafeOffer(queue, connection),
    taken: Stream.fromQueue(queue)
  }))
)
