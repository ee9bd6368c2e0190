/**
 * What tasks leave: their execution log and what their functions returned.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as elapsed from "../internal/elapsed.ts"
import { withoutControl } from "../internal/outputText.ts"
import type { Origin } from "../services/ExecutionLog.ts"
import type { Transferred } from "../services/FileTransfer.ts"
import type { TaskStep } from "./TaskStep.ts"

/**
 * What is known of a step that has ended.
 *
 * @since 0.1.0
 * @category models
 */
export interface StepLog {
  /** From 0, every step counted. */
  readonly step: number
  readonly kind: TaskStep["_tag"]
  /** The step as its plan shows it. */
  readonly text: string
  /** The end of what it printed, at most the runner's limit. */
  readonly stdout: string
  readonly stderr: string
  /** Characters that are missing at the front of each; the log file has them. */
  readonly dropped: Readonly<Record<Origin, number>>
  /** Of a command or a function: 128 + n when it was ended by signal n. */
  readonly exitCode?: number | undefined
  /** Of a file step. */
  readonly transferred?: Transferred | undefined
  readonly duration: Duration.Duration
}

/**
 * What a task that ran to its end leaves.
 *
 * @since 0.1.0
 * @category models
 */
export interface TaskResult<out Returns extends ReadonlyArray<unknown> = ReadonlyArray<unknown>> {
  readonly host: string
  readonly task: string
  /** One for each step. */
  readonly executionLog: ReadonlyArray<StepLog>
  /** What its functions returned, in order. */
  readonly returns: Returns
  readonly logFile: string | undefined
}

const lines = (mark: string, text: string): ReadonlyArray<string> => {
  const all = text.split("\n")
  return (all.at(-1) === "" ? all.slice(0, -1) : all).map((line) => `    ${mark} ${withoutControl(line)}`.trimEnd())
}

const dropped = (mark: string, count: number): ReadonlyArray<string> =>
  count === 0 ? [] : [`    ${mark} (${count} characters before this are in the log file)`]

const copied = ({ bytes, files, unchanged }: Transferred): string =>
  `${files} files, ${bytes} bytes${unchanged === 0 ? "" : `, ${unchanged} unchanged`}`

const ofStep = (log: StepLog): ReadonlyArray<string> => [
  `  ${log.step}: ${log.text} (${
    [
      ...(log.exitCode === undefined ? [] : [`exit code ${log.exitCode}`]),
      ...(log.transferred === undefined ? [] : [copied(log.transferred)]),
      elapsed.format(log.duration)
    ].join(", ")
  })`,
  ...dropped("|", log.dropped.stdout),
  ...lines("|", log.stdout),
  ...dropped("!", log.dropped.stderr),
  ...lines("!", log.stderr)
]

const ofTask = ({ executionLog, host, task }: TaskResult): string =>
  executionLog.length === 0
    ? `The log of task ${task} on ${host} is empty`
    : [`Log of task ${task} on ${host}:`, ...executionLog.flatMap(ofStep)].join("\n")

/**
 * The execution log of a task, or of several, to read: each step with what it printed, standard error behind `!`.
 *
 * @since 0.1.0
 * @category combinators
 * @example
 * import { RuntimeTask, TaskResult, TaskRunner, type TaskTarget } from "lazycluster"
 * import { Console, Effect } from "effect"
 *
 * declare const runtime: TaskTarget.TaskTarget
 *
 * const task = RuntimeTask.make("greet").pipe(RuntimeTask.runCommand("echo Hello"))
 *
 * const shown = TaskRunner.run(runtime, task).pipe(Effect.flatMap((done) => Console.log(TaskResult.render(done))))
 */
export const render = (results: TaskResult | ReadonlyArray<TaskResult>): string =>
  "executionLog" in results ? ofTask(results) : results.map(ofTask).join("\n")
