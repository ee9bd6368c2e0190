/**
 * The error of starting a Sandbox.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { explain } from "../services/SshError.ts"

/**
 * A Sandbox cannot be started.
 *
 * - `InvalidHost`: a name of a host cannot stand in an ssh config, or comes twice
 * - `Files`: its directory cannot be made or written
 * - `Listen`: no port can be bound
 *
 * @since 0.1.0
 * @category errors
 */
export class SandboxError extends Schema.TaggedError<SandboxError>("lazycluster/SandboxError")("SandboxError", {
  reason: Schema.Literal("InvalidHost", "Files", "Listen"),
  host: Schema.optional(Schema.String),
  step: Schema.String,
  detail: Schema.String,
  hint: Schema.optional(Schema.String),
  cause: Schema.optional(Schema.Defect)
}) {
  override get message(): string {
    const what = `${this.host === undefined ? "sandbox" : `sandbox, ${this.host}`}: ${this.step}, ${this.reason}`
    return explain({ what, detail: this.detail, hint: this.hint })
  }
}
