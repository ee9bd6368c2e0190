/**
 * What `put` and `get` have copied, host by host.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as transferName from "../internal/transferName.ts"
import type { Runtime } from "../runtimes/Runtime.ts"
import type { RuntimeGroup } from "../runtimes/RuntimeGroup.ts"
import type * as FileTransfer from "../services/FileTransfer.ts"
import type { FileTransferError } from "../services/FileTransferError.ts"
import { explain, type SshError } from "../services/SshError.ts"
import * as FileSize from "./FileSize.ts"
import * as Table from "./Table.ts"
import * as View from "./View.ts"

/**
 * What `--json` prints: a list of these, one for each host.
 *
 * @since 0.1.0
 * @category schemas
 */
export const TransferReport = Schema.Struct({
  host: Schema.String,
  /** Those that were copied, and their bytes. */
  files: Schema.Int,
  bytes: Schema.Number,
  /** Files, directories and links that were there. */
  unchanged: Schema.Int,
  /** Bytes that a transfer before this one, which was broken off, had left there. */
  resumed: Schema.Number,
  /** What is neither file, directory nor link. */
  skipped: Schema.Array(Schema.String),
  /** What the host lacks, where files went over SFTP alone. */
  lacking: Schema.optional(Schema.String),
  /** Why it failed. */
  error: Schema.optional(Schema.String)
})

/**
 * The same, decoded.
 *
 * @since 0.1.0
 * @category models
 */
export type TransferReport = typeof TransferReport.Type

/**
 * Not all hosts have what they were to have. What was copied has been shown.
 *
 * @since 0.1.0
 * @category errors
 */
export class NotCopied extends Schema.TaggedError<NotCopied>("lazycluster/cli/NotCopied")("NotCopied", {
  hosts: Schema.Array(Schema.Struct({ host: Schema.String, detail: Schema.String }))
}) {
  override get message(): string {
    const [first] = this.hosts
    if (this.hosts.length === 1 && first !== undefined) return first.detail
    return explain({
      what: `not copied on ${this.hosts.map(({ host }) => host).join(", ")}`,
      log: this.hosts.flatMap(({ detail }) => detail.split("\n")),
      hint: "the same command goes on where it stopped: what has arrived is not sent again"
    })
  }
}

const sum = (host: string, all: ReadonlyArray<FileTransfer.Transferred>): TransferReport => {
  const total = (of: (one: FileTransfer.Transferred) => number) => all.reduce((sum, one) => sum + of(one), 0)
  const lacking = all.find((one) => one.lacking !== undefined)?.lacking
  return {
    host,
    files: total(({ files }) => files),
    bytes: total(({ bytes }) => bytes),
    unchanged: total(({ unchanged }) => unchanged),
    resumed: total(({ resumed }) => resumed),
    skipped: all.flatMap(({ skipped }) => skipped),
    ...(lacking === undefined ? {} : { lacking })
  }
}

const table = (reports: ReadonlyArray<TransferReport>, columns: number): string =>
  Table.render({
    head: ["HOST", "FILES", "SIZE", "UNCHANGED", "RESUMED", ""],
    rows: reports.map(({ bytes, error, files, host, resumed, unchanged }) => [
      host,
      files,
      FileSize.render(bytes),
      unchanged,
      resumed === 0 ? "" : FileSize.render(resumed),
      error === undefined ? "" : "failed"
    ]),
    align: [undefined, "right", "right", "right", "right"],
    columns
  })

const notes = ({ host, lacking, skipped }: TransferReport): ReadonlyArray<string> => [
  ...(lacking === undefined ? [] : [`${host}: over SFTP, as the host lacks ${lacking}`]),
  ...(skipped.length === 0
    ? []
    : [`${host}: left out, neither file nor folder: ${skipped.map(transferName.show).join(", ")}`])
]

/**
 * Copies on each host, whatever becomes of the others; shows what was copied, and fails with `NotCopied` where something was not.
 *
 * @since 0.1.0
 * @category execution
 */
export const onEach = Effect.fnUntraced(function*<R>(
  group: RuntimeGroup,
  jobs: number | undefined,
  copy: (
    runtime: Runtime
  ) => Effect.Effect<ReadonlyArray<FileTransfer.Transferred>, SshError | FileTransferError, R>
): Effect.fn.Return<void, NotCopied, R | View.View> {
  const reports = yield* Effect.forEach(
    group.runtimes,
    (runtime) =>
      Effect.match(copy(runtime), {
        onFailure: ({ message }): TransferReport => ({ ...sum(runtime.host.alias, []), error: message }),
        onSuccess: (all) => sum(runtime.host.alias, all)
      }),
    { concurrency: jobs ?? group.concurrency }
  ).pipe(Effect.onInterrupt(() => View.note("interrupted: the same line goes on where it stopped")))
  yield* View.data(reports, (_, columns) => table(reports, columns))
  yield* Effect.forEach(reports.flatMap(notes), View.note, { discard: true })
  const failed = reports.flatMap(({ error, host }) => error === undefined ? [] : [{ host, detail: error }])
  if (failed.length > 0) return yield* new NotCopied({ hosts: failed })
})
