/**
 * How a driver in Python has ended, and what it said last.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { LogTail } from "../internal/logTail.ts"
import type { RemoteProcess } from "../services/SshConnection.ts"
import type { SshError } from "../services/SshError.ts"

/** For one that has closed its output, and may not have ended. */
const patience = "5 seconds"

/**
 * Keeps what a driver says on its standard error. Gives how it ended once it has closed its output, as `with exit code 1`, by when
 * the log is whole; `None` where it goes on.
 *
 * @internal
 */
export const watch = (
  process: RemoteProcess,
  tail: LogTail
): Effect.Effect<Effect.Effect<Option.Option<string | SshError>>, never, Scope.Scope> =>
  process.stderr.pipe(
    Stream.runForEach((chunk) => Effect.sync(() => tail.push(chunk))),
    Effect.ignore,
    Effect.forkScoped,
    Effect.map((log) =>
      process.exit.pipe(
        Effect.map(({ code, signal }) => signal === undefined ? `with exit code ${code}` : `by SIG${signal}`),
        Effect.merge,
        Effect.zipLeft(Fiber.await(log)),
        Effect.timeoutOption(patience)
      )
    )
  )
