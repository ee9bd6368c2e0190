/**
 * The errors of exposing ports.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { explain } from "../services/SshError.ts"

/**
 * A service cannot be exposed as asked.
 *
 * - `NoPort`: none of the numbers is free on all hosts that were to listen
 * - `InvalidPort`: a number is no port, or a range goes beyond the last one
 *
 * @since 0.1.0
 * @category errors
 */
export class ExposeError extends Schema.TaggedError<ExposeError>("lazycluster/ExposeError")("ExposeError", {
  reason: Schema.Literal("NoPort", "InvalidPort"),
  step: Schema.String,
  /** The hosts that were to listen. */
  hosts: Schema.Array(Schema.String),
  detail: Schema.String,
  /** Which host could not bind which number, and why. */
  log: Schema.optionalWith(Schema.Array(Schema.String), { default: () => [] }),
  hint: Schema.optional(Schema.String)
}) {
  override get message(): string {
    return explain({ what: `${this.step}, ${this.reason}`, detail: this.detail, log: this.log, hint: this.hint })
  }
}
