/**
 * What tasks left, as text.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import type { TaskError } from "../tasks/TaskError.ts"
import * as TaskResult from "../tasks/TaskResult.ts"

/** @internal */
export const result = (result: TaskResult.TaskResult): string => TaskResult.render(result)

/** @internal */
export const outcome = (exit: Exit.Exit<TaskResult.TaskResult, TaskError>): string =>
  Exit.match(exit, { onSuccess: result, onFailure: (cause) => Cause.pretty(cause) })
