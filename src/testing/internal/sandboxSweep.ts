/**
 * Ends what the processes of a Sandbox host have left running, also in sessions of their own.
 *
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import { readdirSync, readFileSync } from "node:fs"

const descendants = (home: string): ReadonlyArray<number> =>
  Either.getOrElse(Either.try(() => readdirSync("/proc")), (): Array<string> => [])
    .map(Number)
    .filter((pid) =>
      Number.isInteger(pid) && pid !== process.pid &&
      // The home is a directory of this run alone, so nobody else's process has it.
      Either.match(Either.try(() => readFileSync(`/proc/${pid}/environ`, "latin1")), {
        onLeft: () => false,
        onRight: (text) => text.split("\0").includes(`HOME=${home}`)
      })
    )

/**
 * Kills every process that has this home directory in its environment. Where there is no /proc it finds none.
 *
 * @internal
 */
export const sweep = (home: string): void => {
  // Again while some are found: one may have forked in between, or still be dying.
  for (let pass = 0; pass < 50; pass++) {
    const found = descendants(home)
    if (found.length === 0) return
    for (const pid of found) Either.try(() => process.kill(pid, "SIGKILL"))
  }
}
