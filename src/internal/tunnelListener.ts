/**
 * The listening end of a tunnel: bound at first or not at all, and bound again whenever its link was lost.
 *
 * @since 0.1.0
 */
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import type { Address, Listener } from "../services/SshConnection.ts"
import type { SshError } from "../services/SshError.ts"
import type { End } from "../services/Tunnel.ts"
import * as allOrNothing from "./allOrNothing.ts"
import type { Duplex } from "./duplex.ts"
import * as pulled from "./pulled.ts"
import * as socketPath from "./socketPath.ts"
import type { TunnelState } from "./tunnelState.ts"

/** Connections at a time through one tunnel; more wait. */
const mostConnections = 512

/** The old listener of a lost link goes when the guardian has ended its sshd: within moments of the take-over. */
const rebinding = Schedule.exponential("50 millis").pipe(Schedule.either(Schedule.spaced("2 seconds")))

/** Between one lost link and the next: no loop without a pause. */
const pause = "50 millis"

/**
 * Serves until it cannot be healed, and fails with why. `bound` hears of the first port.
 *
 * @internal
 */
export const run = (options: {
  readonly from: End
  readonly at: Address
  readonly pass: (arrived: Duplex) => Effect.Effect<void>
  readonly bound: Deferred.Deferred<number, SshError>
  readonly state: TunnelState
  readonly healWithin: Duration.DurationInput
}): Effect.Effect<never, SshError> => {
  const { at, bound, from, healWithin, pass, state } = options

  /** Until its link is lost, and gives why. One that cannot be passed on is closed, whatever keeps it from that. */
  const serve = (listener: Listener) =>
    Effect.scoped(Effect.gen(function*() {
      const places = yield* Effect.makeSemaphore(mostConnections)
      // Each connection costs a fiber, which is far less than a stream of effects needs for it.
      const passing = yield* FiberSet.make<void>()
      const take = (arrived: Duplex) => {
        const close = Effect.sync(() => void arrived.destroy())
        return Effect.uninterruptibleMask((restore) =>
          restore(places.take(1)).pipe(
            Effect.onInterrupt(() => close),
            Effect.zipRight(
              FiberSet.run(
                passing,
                Effect.ensuring(restore(pass(arrived)), Effect.zipRight(close, places.release(1)))
              )
            )
          )
        )
      }
      return yield* Effect.flip(Effect.zipRight(pulled.forEach(listener.connections, take), Effect.never))
    }))

  /**
   * On the connection in use, which has `healWithin` for it. An end may give one that is lost until it knows of that; one
   * without a link has no other.
   */
  const listenAgain = (at: Address): Effect.Effect<Listener, SshError, Scope.Scope> =>
    Effect.flatMap(from.connection, (connection) => {
      const isInUse = Effect.map(from.connection, (now) => now === connection)
      return allOrNothing.make(connection.listen(at)).pipe(
        Effect.tapError((error) => state.set(bound, error)),
        Effect.retry({ schedule: Schedule.upTo(rebinding, healWithin), while: () => isInUse }),
        Effect.catchAll((error) =>
          Effect.if(isInUse, { onTrue: () => error, onFalse: () => Effect.delay(listenAgain(at), pause) })
        )
      )
    })

  return Effect.gen(function*() {
    const { lost, port } = yield* Effect.scoped(Effect.gen(function*() {
      const connection = yield* from.connection
      const listener = yield* connection.listen(at)
      yield* Deferred.succeed(bound, listener.port)
      return { port: listener.port, lost: yield* serve(listener) }
    }))
    const same: Address = socketPath.isSocket(at) ? at : { ...at, port }
    yield* state.set(bound, lost)
    return yield* listenAgain(same).pipe(
      Effect.tap(() => state.set(bound, undefined)),
      Effect.flatMap(serve),
      Effect.scoped,
      Effect.tap((cause) => state.set(bound, cause)),
      Effect.delay(pause),
      Effect.forever
    )
  })
}
