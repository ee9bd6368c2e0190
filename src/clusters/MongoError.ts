/**
 * The errors of MongoDB servers.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { explain } from "../services/SshError.ts"

/**
 * Why a MongoDB server does not run.
 *
 * - `NotFound`: there is no mongod on the host, and none that could be had for it
 * - `Unusable`: mongod is there and does not run on this machine
 * - `AlreadyRunning`: another mongod uses the directory; it was left as it is
 * - `Directory`: the directory cannot be made, read or written
 * - `NoSpace`: its disk is full
 * - `Data`: its files are of another version, or damaged
 * - `Exited`: mongod ended for another reason; `log` holds what it said last
 *
 * @since 0.1.0
 * @category models
 */
export const MongoErrorReason = Schema.Literal(
  "NotFound",
  "Unusable",
  "AlreadyRunning",
  "Directory",
  "NoSpace",
  "Data",
  "Exited"
)

/**
 * A MongoDB server does not run.
 *
 * @since 0.1.0
 * @category errors
 */
export class MongoError extends Schema.TaggedError<MongoError>("lazycluster/MongoError")("MongoError", {
  reason: MongoErrorReason,
  host: Schema.String,
  step: Schema.String,
  detail: Schema.String,
  /** Of the other mongod, where `reason` is `AlreadyRunning`. */
  pid: Schema.optional(Schema.Int),
  log: Schema.optional(Schema.Array(Schema.String)),
  hint: Schema.optional(Schema.String)
}) {
  override get message(): string {
    return explain({
      what: `MongoDB on ${this.host}: ${this.step}, ${this.reason}`,
      detail: this.detail,
      log: this.log,
      hint: this.hint
    })
  }
}
