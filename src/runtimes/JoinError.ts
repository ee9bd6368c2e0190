/**
 * The error of waiting for tasks in the background.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { explain } from "../services/SshError.ts"
import { TaskError } from "../tasks/TaskError.ts"
import type { TaskResult } from "../tasks/TaskResult.ts"

const Result = Schema.declare(
  (value): value is TaskResult => typeof value === "object" && value !== null && "executionLog" in value,
  { identifier: "TaskResult" }
)

/**
 * Tasks that ran in the background failed; the others ran to their end.
 *
 * - `TasksFailed`: each of `failed` says why; `results` has what the others left, in the order in which they were started
 *
 * @since 0.1.0
 * @category errors
 */
export class JoinError extends Schema.TaggedError<JoinError>("lazycluster/JoinError")("JoinError", {
  reason: Schema.Literal("TasksFailed"),
  host: Schema.String,
  step: Schema.String,
  detail: Schema.String,
  failed: Schema.NonEmptyArray(TaskError),
  results: Schema.Array(Result),
  hint: Schema.optional(Schema.String)
}) {
  override get message(): string {
    return explain({
      what: `${this.host}: ${this.step}, ${this.reason}`,
      detail: this.detail,
      log: this.failed.flatMap(({ message }) => message.split("\n")),
      hint: this.hint
    })
  }
}
