/**
 * A port or Unix socket of a host that stays: bound at first or not at all, and bound again whenever its link was lost.
 *
 * @since 0.1.0
 */
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { Address } from "../services/SshConnection.ts"
import type { SshError } from "../services/SshError.ts"
import type { End, State } from "../services/Tunnel.ts"
import type { Duplex } from "./duplex.ts"
import * as portHolder from "./portHolder.ts"
import * as tunnelListener from "./tunnelListener.ts"
import * as tunnelState from "./tunnelState.ts"

/**
 * Listens as long as the scope is open. `pass` has each connection that arrives, which is closed when it ends; `with` are
 * the other ends that it needs: when one of them is given up, so is this. `what` names it in the log.
 *
 * @internal
 */
export const make = Effect.fnUntraced(function*(options: {
  readonly from: End
  readonly at: Address
  readonly with: ReadonlyArray<End>
  readonly what: string
  readonly pass: (arrived: Duplex) => Effect.Effect<void>
  readonly healWithin: Duration.DurationInput
}): Effect.fn.Return<{ readonly port: number; readonly states: Stream.Stream<State> }, SshError, Scope.Scope> {
  const { at, from, healWithin, pass, what } = options
  const state = yield* tunnelState.make
  yield* Effect.forEach([from, ...options.with], state.follow, { discard: true })
  const bound = yield* Deferred.make<number, SshError>()
  yield* tunnelListener.run({ from, at, pass, bound, state, healWithin }).pipe(
    Effect.raceFirst(state.givenUp),
    Effect.catchAll((error) =>
      // A port that cannot be bound at first is told to whoever opens it.
      Effect.unlessEffect(
        Effect.zipRight(Effect.logWarning(`${what} is over: ${error.message}`), state.close(error)),
        Deferred.fail(bound, error)
      )
    ),
    Effect.forkScoped
  )
  const port = yield* Deferred.await(bound).pipe(
    Effect.catchAll((error) =>
      Effect.flatMap(from.connection, (connection) => Effect.flip(portHolder.name(connection, at, error)))
    )
  )
  if (from.holdsPort !== undefined && port !== 0) yield* from.holdsPort(port)
  return { port, states: state.changes }
})
