/**
 * A program of the user on the terminal of this process: it has the same input and outputs, and Ctrl-C is for it.
 *
 * @since 0.1.0
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { spawn } from "node:child_process"
import process from "node:process"
import { isatty } from "node:tty"
import { manager } from "../services/Host.ts"
import type { ExitStatus } from "../services/SshConnection.ts"
import { SshError } from "../services/SshError.ts"
import * as bounded from "./bounded.ts"
import { bySignal, signalOf } from "./exitStatus.ts"
import * as signals from "./signals.ts"

/**
 * Whether somebody sits at it. A stream on standard input would be a second reader beside the program.
 *
 * @internal
 */
export const isThere: Effect.Effect<boolean> = Effect.sync(() => isatty(0))

/** Between TERM and KILL. */
const grace = "2 seconds"

/**
 * Runs it to its end. Interruption ends it. What it has started is found by its environment, which the guardian of a runtime sees.
 *
 * @internal
 */
export const run = (command: {
  readonly argv: readonly [string, ...Array<string>]
  readonly cwd: string
  /** Added to that of this process. */
  readonly env: Readonly<Record<string, string>>
}): Effect.Effect<ExitStatus, SshError> =>
  Effect.scoped(Effect.gen(function*() {
    const [program, ...words] = command.argv
    yield* signals.left
    const ended = yield* Deferred.make<ExitStatus, SshError>()
    yield* Effect.acquireRelease(
      Effect.sync(() =>
        spawn(program, words, { stdio: "inherit", cwd: command.cwd, env: { ...process.env, ...command.env } })
          .on("error", ({ message }) =>
            Deferred.unsafeDone(
              ended,
              new SshError({ reason: "Spawn", host: manager.alias, step: program, detail: message })
            ))
          .on("exit", (code, signal) =>
            Deferred.unsafeDone(
              ended,
              Effect.succeed(signal === null ? { code: code ?? 0, signal: signalOf(code ?? 0) } : bySignal(signal))
            ))
      ),
      (child) =>
        child.kill("SIGTERM")
          ? Effect.ignore(Effect.flatMap(
            bounded.within(Deferred.await(ended), grace),
            Option.match({ onNone: () => Effect.sync(() => child.kill("SIGKILL")), onSome: () => Effect.void })
          ))
          : Effect.void
    )
    return yield* Deferred.await(ended)
  }))
