/**
 * The error of a test that leaves something on hosts in memory.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { explain } from "../services/SshError.ts"

/**
 * Something is still on hosts in memory.
 *
 * - `Left`: processes, files or ports, one a line
 *
 * @since 0.1.0
 * @category errors
 */
export class LeftBehindError
  extends Schema.TaggedError<LeftBehindError>("lazycluster/LeftBehindError")("LeftBehindError", {
    reason: Schema.Literal("Left"),
    left: Schema.Array(Schema.String)
  })
{
  /** What to do about it. */
  get hint(): string {
    return "close the scopes of all runtimes first; after a fault, leases take a while to run out (`patience`)"
  }
  override get message(): string {
    return explain({ what: "something is left on the hosts", log: this.left, hint: this.hint })
  }
}
