/**
 * The errors of a host in use.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { explainStep } from "./SshError.ts"

/**
 * A host cannot be used, or can be used no longer.
 *
 * - `WorkingDirectory`: it cannot be made or written
 * - `Directory`: a directory cannot be removed, or must not be
 * - `Setup`: the line of `setup` failed on the host
 * - `State`: the guardian cannot keep its notes
 * - `LeaseExpired`: the link was away for longer than the lease, the host was started anew, or its state directory was removed: the
 *   host has ended everything
 * - `NotReady`: the guardian did not answer within its deadline
 *
 * @since 0.1.0
 * @category errors
 */
export class RuntimeError extends Schema.TaggedError<RuntimeError>("lazycluster/RuntimeError")("RuntimeError", {
  reason: Schema.Literal("WorkingDirectory", "Directory", "Setup", "State", "LeaseExpired", "NotReady"),
  host: Schema.String,
  step: Schema.String,
  detail: Schema.String,
  log: Schema.optional(Schema.Array(Schema.String)),
  hint: Schema.optional(Schema.String),
  cause: Schema.optional(Schema.Defect)
}) {
  override get message(): string {
    return explainStep(this)
  }
}
