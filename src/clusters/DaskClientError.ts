/**
 * What can go wrong between a program and a Dask cluster, beside the functions' own errors.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { explainStep } from "../services/SshError.ts"

/**
 * Why the cluster gave no answer.
 *
 * - `DriverLost`: the driver process has ended
 * - `Protocol`: the driver said what this version does not understand
 * - `Timeout`: no answer within the deadline
 * - `Scheduler`: the scheduler cannot be reached, has gone, or refused
 * - `WorkerKilled`: the function ended every worker that tried it
 * - `Cancelled`: the future was cancelled
 * - `Released`: the client holds no such future
 *
 * @since 0.1.0
 * @category models
 */
export const DaskClientErrorReason = Schema.Literal(
  "DriverLost",
  "Protocol",
  "Timeout",
  "Scheduler",
  "WorkerKilled",
  "Cancelled",
  "Released"
)

/**
 * A Dask cluster gave no answer.
 *
 * @since 0.1.0
 * @category errors
 */
export class DaskClientError
  extends Schema.TaggedError<DaskClientError>("lazycluster/DaskClientError")("DaskClientError", {
    reason: DaskClientErrorReason,
    /** The host of the driver. */
    host: Schema.String,
    step: Schema.String,
    detail: Schema.String,
    /** The last lines of the driver's log. */
    log: Schema.optional(Schema.Array(Schema.String)),
    hint: Schema.optional(Schema.String)
  })
{
  override get message(): string {
    return explainStep(this)
  }
}
