/**
 * Processes of this machine that lead a group of their own: Ctrl-C in a terminal must not cut the connections with which the
 * program cleans up, and a command line may be several processes.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { ChildProcess } from "node:child_process"
import { kill } from "node:process"
import * as bounded from "./bounded.ts"

type Leader = Pick<ChildProcess, "pid" | "exitCode" | "signalCode" | "once" | "off">

/**
 * Whether the number of the group is still its own: some time after the leader has ended it may be another's.
 *
 * @internal
 */
export const runs = (child: Leader): boolean =>
  child.pid !== undefined && child.exitCode === null && child.signalCode === null

const signal = (pid: number, name: NodeJS.Signals): void => void Either.try(() => kill(pid, name))

const exited = (child: Leader): Effect.Effect<void> =>
  Effect.async((resume) => {
    if (!runs(child)) return resume(Effect.void)
    const over = () => resume(Effect.void)
    child.once("exit", over)
    return Effect.sync(() => child.off("exit", over))
  })

/**
 * Kills a group. For a leader that runs, or at the very event of its exit.
 *
 * @internal
 */
export const killAll = (child: Leader): void => {
  if (child.pid !== undefined) signal(-child.pid, "SIGKILL")
}

/**
 * Ends a group: TERM to `first`, and once the leader has ended, after a second at the most, KILL to all. One whose leader has
 * ended before is left alone.
 *
 * @internal
 */
export const end = (child: Leader, first: "leader" | "all"): Effect.Effect<void> =>
  Effect.suspend(() => {
    const { pid } = child
    if (pid === undefined || !runs(child)) return Effect.void
    signal(first === "all" ? -pid : pid, "SIGTERM")
    return bounded.within(exited(child), "1 second").pipe(
      Effect.zipRight(Effect.sync(() => killAll(child))),
      Effect.zipRight(bounded.within(exited(child), "1 second")),
      Effect.asVoid
    )
  })
