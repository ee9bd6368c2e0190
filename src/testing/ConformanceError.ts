/**
 * The error of a transport that does not do what the others do.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { explainStep } from "../services/SshError.ts"

/**
 * A case of the conformance suite has failed.
 *
 * - `Different`: something else came than what all transports give
 * - `Failed`: an error came where none may; it is the cause
 * - `Late`: no answer within the deadline
 * - `Means`: the target neither gives what the case needs nor says that it lacks it
 *
 * @since 0.1.0
 * @category errors
 */
export class ConformanceError
  extends Schema.TaggedError<ConformanceError>("lazycluster/ConformanceError")("ConformanceError", {
    reason: Schema.Literal("Different", "Failed", "Late", "Means"),
    /** The target. */
    host: Schema.String,
    /** The name of the case. */
    step: Schema.String,
    /** What was expected, and what came. */
    detail: Schema.String,
    hint: Schema.optional(Schema.String),
    cause: Schema.optional(Schema.Defect)
  })
{
  override get message(): string {
    return explainStep(this)
  }
}
