/**
 * The error of reading a log back.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { manager } from "./Host.ts"
import { explain } from "./SshError.ts"

/**
 * Why a log cannot be read.
 *
 * - `Missing`: there is no such file, and none that was rotated away from it
 * - `Unreadable`: the file system refuses
 * - `Syntax`: a line is no entry, or is too long for one
 *
 * @since 0.1.0
 * @category errors
 */
export class ExecutionLogError
  extends Schema.TaggedError<ExecutionLogError>("lazycluster/ExecutionLogError")("ExecutionLogError", {
    reason: Schema.Literal("Missing", "Unreadable", "Syntax"),
    host: Schema.optionalWith(Schema.String, { default: () => manager.alias }),
    step: Schema.optionalWith(Schema.String, { default: () => "read" }),
    file: Schema.String,
    detail: Schema.String,
    hint: Schema.optional(Schema.String),
    cause: Schema.optional(Schema.Defect)
  })
{
  override get message(): string {
    return explain({ what: `${this.host}: ${this.step} ${this.file}`, detail: this.detail, hint: this.hint })
  }
}
