/**
 * What the processes of a cluster print.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { withoutControl } from "../internal/outputText.ts"
import { ExecutionLog, type TaskLog } from "../services/ExecutionLog.ts"

/**
 * A line that a process has printed; one that is very long comes in pieces.
 *
 * @since 0.1.0
 * @category models
 */
export interface Line {
  readonly process: string
  readonly host: string
  readonly from: "out" | "err"
  readonly line: string
}

/**
 * Which lines.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Default `beginning`: also what was printed already, as far as the hosts keep it. */
  readonly since?: "beginning" | "now" | undefined
  /** The ids of processes, as in the plan. Default: all. */
  readonly processes?: ReadonlyArray<string> | undefined
}

/**
 * A line for people: `worker-1 on host-1 | text`, without what would move the cursor of a terminal.
 *
 * @since 0.1.0
 * @category printing
 */
export const render = ({ host, line, process }: Line): string => `${process} on ${host} | ${withoutControl(line)}`

/**
 * Writes what the processes of a cluster print to the execution log of the manager, a log for each process and each host on
 * which it runs, until the scope closes. Their hosts keep the end of it only.
 *
 * @since 0.1.0
 * @category execution
 */
export const record = (cluster: {
  readonly logs: (options?: Options) => Stream.Stream<Line>
}): Effect.Effect<void, never, ExecutionLog | Scope.Scope> =>
  Effect.gen(function*() {
    const { open } = yield* ExecutionLog
    const scope = yield* Effect.scope
    const logs = new Map<string, TaskLog>()
    yield* Effect.forkScoped(
      Stream.runForEach(cluster.logs(), ({ from, host, line, process }) =>
        Effect.gen(function*() {
          const key = `${host}\n${process}`
          const log = logs.get(key) ?? (yield* Scope.extend(open({ host, task: process }), scope))
          logs.set(key, log)
          yield* log.output(from === "out" ? "stdout" : "stderr", `${line}\n`)
        }))
    )
  })
