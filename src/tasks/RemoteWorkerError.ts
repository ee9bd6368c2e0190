/**
 * The errors of workers on hosts.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { explain } from "../services/SshError.ts"

/**
 * A worker cannot be started, or answers no longer. It is what its pending requests fail with, too.
 *
 * - `Source`: its module cannot be bundled, or does not serve what the group asks for
 * - `Interpreter`: the host has no Node, or one that is too old
 * - `Load`: its module threw when it was loaded, or its layer failed
 * - `NotReady`: it was not ready within its deadline
 * - `Ended`: its process ended
 * - `Protocol`: what it says cannot be read
 * - `Link`: the connection to its host was lost, or cannot be used; the cause is an `SshError`
 *
 * @since 0.1.0
 * @category errors
 */
export class RemoteWorkerError extends Schema.TaggedError<RemoteWorkerError>("lazycluster/RemoteWorkerError")(
  "RemoteWorkerError",
  {
    reason: Schema.Literal("Source", "Interpreter", "Load", "NotReady", "Ended", "Protocol", "Link"),
    host: Schema.String,
    /** `start`, or `call` once it was ready. */
    step: Schema.String,
    worker: Schema.String,
    detail: Schema.String,
    /** 128 + n after signal n; only where the process has ended. */
    exitCode: Schema.optional(Schema.Number),
    /** The last lines that it printed. */
    log: Schema.optional(Schema.Array(Schema.String)),
    hint: Schema.optional(Schema.String),
    cause: Schema.optional(Schema.Defect)
  }
) {
  override get message(): string {
    return explain({
      what: `${this.host}: ${this.step} ${this.worker}, ${this.reason}`,
      detail: this.detail,
      log: this.log,
      hint: this.hint
    })
  }
}
