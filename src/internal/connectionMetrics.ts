/**
 * Counts connections, and says at level debug what becomes of them.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Metrics from "../services/Metrics.ts"
import type { SshError } from "../services/SshError.ts"

/**
 * Counts one that has been opened, until its scope closes, and its loss.
 *
 * @internal
 */
export const watch = (host: string, lost: Effect.Effect<never, SshError>): Effect.Effect<void, never, Scope.Scope> =>
  Metrics.held(Metrics.connectionsOpen, host).pipe(
    Effect.zipRight(Metrics.count(Metrics.connectionsOpened, host)),
    Effect.zipRight(Effect.logDebug("connection opened")),
    Effect.zipRight(
      // Before what closes the connection, this has gone: closing is no loss.
      lost.pipe(
        Effect.catchAll(({ detail }) =>
          Effect.zipRight(Metrics.count(Metrics.connectionsLost, host), Effect.logDebug(`connection lost: ${detail}`))
        ),
        Effect.forkScoped
      )
    ),
    Effect.annotateLogs({ host }),
    Effect.asVoid
  )
