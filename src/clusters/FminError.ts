/**
 * What can go wrong with a search.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { explain } from "../services/SshError.ts"
import { FunctionError } from "../tasks/FunctionError.ts"

/**
 * Why a search found nothing.
 *
 * - `Space`: the space, or a point that was given, is not one that can be searched; nothing was started
 * - `Objective`: the objective does not take the points of the space; nothing was started
 * - `Options`: an option is out of its bounds; nothing was started
 * - `AllFailed`: trials were over, and none gave a loss
 * - `NoTrials`: the search ended before any trial was over
 * - `Environment`: the Python of the driver lacks Hyperopt, or has one that does not fit
 * - `Database`: MongoDB cannot be reached, or refused
 * - `DriverLost`: the driver has ended
 * - `Protocol`: the driver said what this version does not understand
 * - `Plot`: the libraries that draw are not installed, or drew nothing
 *
 * @since 0.1.0
 * @category models
 */
export const FminErrorReason = Schema.Literal(
  "Space",
  "Objective",
  "Options",
  "AllFailed",
  "NoTrials",
  "Environment",
  "Database",
  "DriverLost",
  "Protocol",
  "Plot"
)

/**
 * A search found nothing.
 *
 * @since 0.1.0
 * @category errors
 */
export class FminError extends Schema.TaggedError<FminError>("lazycluster/FminError")("FminError", {
  reason: FminErrorReason,
  /** The host of the driver; missing when nothing was started. */
  host: Schema.optional(Schema.String),
  step: Schema.String,
  detail: Schema.String,
  /** The key that the trials are found under in the database. */
  expKey: Schema.optional(Schema.String),
  /** What the first trial that failed raised. */
  trial: Schema.optional(FunctionError),
  /** The last lines of the driver's log. */
  log: Schema.optional(Schema.Array(Schema.String)),
  hint: Schema.optional(Schema.String),
  cause: Schema.optional(Schema.Defect)
}) {
  override get message(): string {
    const where = this.host === undefined ? "" : `${this.host}: `
    return explain({
      what: `${where}${this.step}, ${this.reason}`,
      detail: this.trial === undefined ? this.detail : `${this.detail}; the first: ${this.trial.message}`,
      log: this.log,
      hint: this.hint
    })
  }
}
