/**
 * What tasks left, as text.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Exit from "effect/Exit"
import type { TaskError } from "../tasks/TaskError.ts"
import type { StepLog, TaskResult } from "../tasks/TaskEvent.ts"

const indented = (text: string): ReadonlyArray<string> =>
  text === "" ? [] : text.replace(/\n$/, "").split("\n").map((line) => `    ${line}`)

const step = ({ dropped, duration, exitCode, kind, step, stderr, stdout, transferred }: StepLog): string => {
  const facts = [
    ...(exitCode === undefined ? [] : [`exit code ${exitCode}`]),
    ...(transferred === undefined ? [] : [`${transferred.files} files, ${transferred.bytes} bytes`]),
    Duration.format(duration)
  ]
  const missing = dropped.stdout + dropped.stderr
  return [
    `  ${step}: ${kind}, ${facts.join(", ")}`,
    ...(missing === 0 ? [] : [`    (${missing} characters before this are in the log file)`]),
    ...indented(stdout),
    ...indented(stderr)
  ].join("\n")
}

/** @internal */
export const result = ({ executionLog, host, task }: TaskResult): string =>
  [`task ${task} on ${host}`, ...executionLog.map(step)].join("\n")

/** @internal */
export const outcome = (exit: Exit.Exit<TaskResult, TaskError>): string =>
  Exit.match(exit, { onSuccess: result, onFailure: (cause) => Cause.pretty(cause) })
