/**
 * Removes the files of a Sandbox also when the program that made it is killed: the only one who can is another process.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Scope from "effect/Scope"
import { type ChildProcess, spawn } from "node:child_process"
import { Socket } from "node:net"

/**
 * The end of input says that the program is gone. What runs on the hosts may still need its files for as long as a lease,
 * but nothing keeps them for longer than ten minutes.
 */
const script = `
cat >/dev/null
lc_left=600
while [ "$lc_left" -gt 0 ] && [ -d "$1" ]; do
  grep -qsF "HOME=$1/" /proc/[0-9]*/environ || break
  sleep 1
  lc_left=$((lc_left - 1))
done
rm -rf -- "$1"
`

const end = (janitor: ChildProcess): void => {
  if (janitor.exitCode === null && janitor.signalCode === null) janitor.kill("SIGKILL")
}

/**
 * Starts it for a directory. Its scope ends it.
 *
 * @internal
 */
export const watch = (directory: string): Effect.Effect<void, never, Scope.Scope> =>
  Effect.asVoid(Effect.acquireRelease(
    Effect.sync(() => {
      // In a session of its own: Ctrl-C and a closed terminal are not meant for it.
      const janitor = spawn("/bin/sh", ["-c", script, "lazycluster-janitor", directory], {
        cwd: "/",
        detached: true,
        stdio: ["pipe", "ignore", "ignore"]
      })
      // Without a janitor there is still the scope.
      janitor.on("error", () => {})
      janitor.stdin.on("error", () => {})
      janitor.unref()
      // It must not keep this process alive either.
      if (janitor.stdin instanceof Socket) janitor.stdin.unref()
      return janitor
    }),
    (janitor) => Effect.sync(() => Either.try(() => end(janitor)))
  ))
