/**
 * Counts connections.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Metrics from "../services/Metrics.ts"

/**
 * Counts one that has been opened, until its scope closes, and its loss.
 *
 * @internal
 */
export const watch = <E>(host: string, lost: Effect.Effect<never, E>): Effect.Effect<void, never, Scope.Scope> =>
  Metrics.held(Metrics.connectionsOpen, host).pipe(
    Effect.zipRight(Metrics.count(Metrics.connectionsOpened, host)),
    // Before what closes the connection, this has gone: closing is no loss.
    Effect.zipRight(Effect.forkScoped(Effect.catchAll(lost, () => Metrics.count(Metrics.connectionsLost, host)))),
    Effect.asVoid
  )
