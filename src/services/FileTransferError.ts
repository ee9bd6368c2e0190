/**
 * What can be wrong with a transfer.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { explain } from "./SshError.ts"

/**
 * Why a transfer failed for another reason than the connection.
 *
 * - `Missing`: there is nothing at the source
 * - `NotAFile`: the source is a pipe, a socket or a device, or a directory where a file was asked for, or the reverse
 * - `InTheWay`: something of another kind stands where a file, a directory or a link must be
 * - `Changed`: a file of the source changed while it was read
 * - `Corrupt`: what arrived is not what was sent, by its hash
 * - `Unsafe`: the host named a path that leads out of the target, or sent what is no answer
 * - `Local`: the file system of this machine refused
 * - `Remote`: the file system or a tool of the host refused
 *
 * @since 0.1.0
 * @category errors
 */
export class FileTransferError
  extends Schema.TaggedError<FileTransferError>("lazycluster/FileTransferError")("FileTransferError", {
    reason: Schema.Literal("Missing", "NotAFile", "InTheWay", "Changed", "Corrupt", "Unsafe", "Local", "Remote"),
    host: Schema.String,
    /** `send` or `get`. */
    step: Schema.String,
    path: Schema.String,
    detail: Schema.String,
    hint: Schema.optional(Schema.String),
    cause: Schema.optional(Schema.Defect)
  })
{
  override get message(): string {
    return explain({ what: `${this.host}: ${this.step} ${this.path}`, detail: this.detail, hint: this.hint })
  }
}
