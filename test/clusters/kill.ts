/** Ends processes of a cluster, as the kernel does where memory has run out. */
import * as Effect from "effect/Effect"

/** A signal to one process. Nothing is killed where there is none: 0 would be this process and all that it has started. */
export const kill = (pid: number | undefined, signal: NodeJS.Signals = "SIGKILL") =>
  pid === undefined || !Number.isInteger(pid) || pid <= 1
    ? Effect.dieMessage(`no process: ${pid}`)
    : Effect.sync(() => process.kill(pid, signal))
