/**
 * The error of running a task.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { explain } from "../services/SshError.ts"

/**
 * Why a task failed.
 *
 * - `Invalid`: the task cannot run as it is written; nothing was started
 * - `CommandFailed`: a command ended with another code than 0
 * - `FileMissing`: there is nothing at the path to send or to get
 * - `Transfer`: a file could not be copied
 * - `Function`: a function raised, or its arguments or its result do not fit their schemas
 * - `Link`: the host could not be used any longer
 *
 * @since 0.1.0
 * @category models
 */
export const TaskErrorReason = Schema.Literal(
  "Invalid",
  "CommandFailed",
  "FileMissing",
  "Transfer",
  "Function",
  "Link"
)

/**
 * A task failed on a host.
 *
 * @since 0.1.0
 * @category errors
 */
export class TaskError extends Schema.TaggedError<TaskError>("lazycluster/TaskError")("TaskError", {
  reason: TaskErrorReason,
  host: Schema.String,
  task: Schema.String,
  /** From 0, every step counted; missing when the task as a whole is meant. */
  step: Schema.optional(Schema.Int),
  detail: Schema.String,
  /** 128 + n when the command was ended by signal n. */
  exitCode: Schema.optional(Schema.Int),
  /** The last lines that the step printed. */
  log: Schema.Array(Schema.String),
  /** Where the whole output is. */
  logFile: Schema.optional(Schema.String),
  hint: Schema.optional(Schema.String),
  cause: Schema.optional(Schema.Defect)
}) {
  override get message(): string {
    const where = this.step === undefined ? "" : `, step ${this.step}`
    return explain({
      what: `${this.host}: task ${this.task}${where}, ${this.reason}`,
      detail: this.detail,
      log: this.logFile === undefined ? this.log : [...this.log, `(all of it: ${this.logFile})`],
      hint: this.hint
    })
  }
}
