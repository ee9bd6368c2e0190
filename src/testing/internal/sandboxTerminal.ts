/**
 * Terminals of a Sandbox host: Node opens none, so util-linux's `script` does, which every Linux has.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { type ChildProcess, execFile } from "node:child_process"
import { readFileSync, readlinkSync } from "node:fs"
import { quote } from "../../internal/words.ts"

/**
 * What a client says of its terminal.
 *
 * @internal
 */
export interface Terminal {
  readonly term: string
  readonly rows: number
  readonly cols: number
}

const size = ({ cols, rows }: Terminal): ReadonlyArray<string> => ["rows", String(rows), "cols", String(cols)]

/**
 * Whether this machine can open terminals. Other programs named `script` have other options.
 *
 * @internal
 */
export const available: Effect.Effect<boolean> = Effect.async((resume) => {
  execFile("script", ["--version"], (_failed, stdout) => resume(Effect.succeed(stdout.includes("util-linux"))))
})

/**
 * The words that run a command line (a shell without one) in a terminal.
 *
 * @internal
 */
export const words = (terminal: Terminal, command: string | undefined): ReadonlyArray<string> => {
  const run = command === undefined ? "/bin/sh -i" : `/bin/sh -c ${quote(command)}`
  const resize = terminal.rows > 0 && terminal.cols > 0 ? `stty ${size(terminal).join(" ")}; ` : ""
  return ["script", "-qefc", `${resize}SSH_TTY=$(tty); export SSH_TTY; exec ${run}`, "/dev/null"]
}

/** What leads the session in the terminal: the one child of `script`. */
const leader = (script: ChildProcess): number | undefined =>
  Either.getOrUndefined(
    Either.try(() => Number(readFileSync(`/proc/${script.pid}/task/${script.pid}/children`, "utf8").split(" ")[0]))
  ) || undefined

/**
 * Signals what runs in the terminal.
 *
 * @internal
 */
export const signal = (script: ChildProcess, name: NodeJS.Signals): void => {
  const pid = leader(script)
  if (pid !== undefined) Either.try(() => process.kill(-pid, name))
}

/**
 * Gives the terminal another size; what runs in it hears of it.
 *
 * @internal
 */
export const resize = (script: ChildProcess, terminal: Pick<Terminal, "rows" | "cols">): void => {
  const device = Either.getOrUndefined(Either.try(() => readlinkSync(`/proc/${leader(script)}/fd/0`)))
  if (device?.startsWith("/dev/pts/") !== true) return
  execFile("stty", ["-F", device, ...size({ term: "", ...terminal })], () => {})
}
