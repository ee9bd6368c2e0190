/**
 * OpenSSH's own client in the terminal of this process: a shell on a host, for people. Its config is the user's, in all it says.
 *
 * @since 0.1.0
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"
import type { Host } from "../services/Host.ts"
import { SshError } from "../services/SshError.ts"
import { bySignal } from "./exitStatus.ts"
import { given } from "./opensshArgs.ts"
import { quote, quoteAll } from "./words.ts"

/** A tilde would be quoted; whoever logs in is at home already. */
const fromHome = (path: string): string => path === "~" ? "." : path.replace(/^~\/+/, "./")

/** What the login shell runs, whichever that is: `undefined` for what it does without being told. */
const line = (cwd: string | undefined, command: ReadonlyArray<string> | undefined): string | undefined => {
  const run = command === undefined ? `"\${SHELL:-/bin/sh}" -l` : quoteAll(command)
  return cwd === undefined
    ? command === undefined ? undefined : quoteAll(command)
    : `exec /bin/sh -c ${quote(`cd -- ${quote(fromHome(cwd))} && exec ${run}`)}`
}

/**
 * The words of the command, the program first.
 *
 * @internal
 */
export const argv = (host: Host, options: {
  /** For `-F`; absent: the files that OpenSSH reads of itself. */
  readonly configFile: string | undefined
  readonly acceptNew: boolean
  readonly cwd: string | undefined
  /** In place of a shell. */
  readonly command: ReadonlyArray<string> | undefined
}): readonly [string, ...Array<string>] => {
  const remote = line(options.cwd, options.command)
  return [
    "ssh",
    ...(options.configFile === undefined ? [] : ["-F", options.configFile]),
    ...(options.acceptNew ? ["-o", "StrictHostKeyChecking=accept-new"] : []),
    "-t",
    ...given(host),
    "--",
    host.alias,
    ...(remote === undefined ? [] : [remote])
  ]
}

const missing = (host: Host, cause: Error): SshError =>
  new SshError({
    reason: "Spawn",
    host: host.alias,
    step: "shell",
    detail: `OpenSSH's client cannot be started: ${cause.message}`,
    hint:
      "a shell needs `ssh` on this machine: apt install openssh-client (Debian, Ubuntu), dnf install openssh-clients (Fedora), apk add openssh-client (Alpine)",
    cause
  })

/**
 * Runs it on the terminal of this process, to its end: its exit code, 128 + n after signal n.
 *
 * @internal
 */
export const run = (
  host: Host,
  [program, ...words]: readonly [string, ...Array<string>]
): Effect.Effect<number, SshError> =>
  Effect.scoped(Effect.gen(function*() {
    const ended = yield* Deferred.make<number, SshError>()
    yield* Effect.acquireRelease(
      Effect.sync(() =>
        spawn(program, words, { stdio: "inherit" })
          .on("error", (cause) => Deferred.unsafeDone(ended, Effect.fail(missing(host, cause))))
          .on(
            "exit",
            (code, signal) =>
              Deferred.unsafeDone(ended, Effect.succeed(signal === null ? code ?? 0 : bySignal(signal).code))
          )
      ),
      // It puts the terminal back as it was before it goes.
      (child) => child.kill("SIGTERM") ? Effect.ignore(Deferred.await(ended)) : Effect.void
    )
    return yield* Deferred.await(ended)
  }))
