/**
 * The errors of programs that use a cluster.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { explainStep } from "../services/SshError.ts"

/**
 * A program that was run against a cluster failed, or was not started.
 *
 * - `Failed`: it ended with another exit code than 0; `log` has its last lines
 * - `Killed`: a signal ended it
 * - `NotStarted`: the host cannot start it
 * - `File`: its file cannot be read, or not be sent
 * - `UnknownHost`: the cluster has no such host, or it is lost
 *
 * @since 0.1.0
 * @category errors
 */
export class ClusterRunError extends Schema.TaggedError<ClusterRunError>("lazycluster/ClusterRunError")(
  "ClusterRunError",
  {
    reason: Schema.Literal("Failed", "Killed", "NotStarted", "File", "UnknownHost"),
    host: Schema.String,
    /** The command. */
    step: Schema.String,
    detail: Schema.String,
    /** The exit code, where it has ended: 128 + n after signal n. */
    code: Schema.optional(Schema.Int),
    log: Schema.optional(Schema.Array(Schema.String)),
    hint: Schema.optional(Schema.String)
  }
) {
  override get message(): string {
    return explainStep(this)
  }
}
