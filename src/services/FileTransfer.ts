/**
 * Files and directories between this machine and a host.
 *
 * What both sides have is compared first, and makes a plan. What is missing goes to a place of its own below the target
 * (`.lazycluster-transfer`), is checked there by hash, and then gets its final names: nobody sees half a file, and a transfer that
 * was broken off goes on where it stopped. Modes, times, links and empty directories are kept, names may hold any bytes. The host
 * needs a POSIX shell, `tar`, `find` and a program for SHA-256; without them files go over SFTP, which can less.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Stream from "effect/Stream"
import { streamed } from "../internal/transferEvents.ts"
import * as transferRun from "../internal/transferRun.ts"
import type { FileTransferError } from "./FileTransferError.ts"
import type { Plan } from "./FileTransferPlan.ts"
import type { Host } from "./Host.ts"
import type { Files, SshConnection } from "./SshConnection.ts"
import type { SshError } from "./SshError.ts"

export {
  /**
   * Why a transfer failed for another reason than the connection.
   *
   * @since 0.1.0
   * @category errors
   */
  FileTransferError
} from "./FileTransferError.ts"

/**
 * A host and how to reach its files. A `Runtime` is one.
 *
 * @since 0.1.0
 * @category models
 */
export interface Remote {
  readonly host: Host
  /** Used where the host lacks what a transfer needs, or there is no `connection`. */
  readonly files: Effect.Effect<Files, SshError>
  /** The connection in use; waits while the link is away. */
  readonly connection?: Effect.Effect<SshConnection, SshError> | undefined
  /** The runtime that what runs on the host belongs to. */
  readonly id?: string | undefined
  /** Makes a path of the host absolute. Without it relative ones are taken from the home directory. */
  readonly resolve?: ((path: string) => string) | undefined
}

/**
 * What belongs to a transfer: data that serialises.
 *
 * - `exclude`: patterns as in a `.gitignore` file; they win over those of the tree
 * - `gitignore`: whether `.gitignore` files of the source count too (default: no)
 * - `links`: whether symbolic links are kept as links, which is the default, or what they point at is copied
 * - `compare`: `times` (default) takes a file of the same size and time of modification for unchanged, and compares contents by
 *   hash where only the times differ; `hash` always compares contents
 *
 * @since 0.1.0
 * @category schemas
 */
export const Selection = Schema.Struct({
  exclude: Schema.optionalWith(Schema.Array(Schema.String), { exact: true }),
  gitignore: Schema.optionalWith(Schema.Boolean, { exact: true }),
  links: Schema.optionalWith(Schema.Literal("keep", "follow"), { exact: true }),
  compare: Schema.optionalWith(Schema.Literal("times", "hash"), { exact: true })
})

/**
 * What belongs to a transfer.
 *
 * @since 0.1.0
 * @category models
 */
export interface Selection extends Schema.Schema.Type<typeof Selection> {}

/**
 * How to copy.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends Selection {
  /** Heard of after each piece. */
  readonly onProgress?: ((progress: Progress) => Effect.Effect<void>) | undefined
  /** Files under way at a time where only SFTP can be used (default 16). */
  readonly concurrency?: number | undefined
}

/**
 * What has been copied so far.
 *
 * @since 0.1.0
 * @category models
 */
export interface Progress {
  readonly files: number
  readonly bytes: number
}

/**
 * What has been copied. Files that were there unchanged are not counted in `files` and `bytes`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Transferred extends Progress {
  /** Paths (below the source) of what is neither file, directory nor link, or of links that lead nowhere if they are followed. */
  readonly skipped: ReadonlyArray<string>
  /** Files, directories and links that were there. */
  readonly unchanged: number
  /** Bytes of `bytes` that a transfer before this one, which was broken off, had left there. */
  readonly resumed: number
  /** What the host lacks, where the transfer went over SFTP: links were followed, times were not kept, all was sent. */
  readonly lacking?: string | undefined
}

/**
 * An event of a transfer; the last one is `Done`.
 *
 * @since 0.1.0
 * @category models
 */
export type Event =
  | { readonly _tag: "Planned"; readonly plan: Plan }
  | { readonly _tag: "Copied"; readonly progress: Progress }
  | { readonly _tag: "Done"; readonly transferred: Transferred }

/**
 * A copy: it fails with the connection, or with what is wrong with the files.
 *
 * @since 0.1.0
 * @category models
 */
export type Transfer = Effect.Effect<Transferred, SshError | FileTransferError>

const both: ReadonlyArray<transferRun.Kind> = ["file", "directory"]

const sending =
  (kinds: ReadonlyArray<transferRun.Kind>) =>
  (remote: Remote, local: string, path: string, options: Options = {}): Transfer =>
    transferRun.start(remote, { step: "send", kinds, local, path, options, dry: false })

const getting =
  (kinds: ReadonlyArray<transferRun.Kind>) =>
  (remote: Remote, path: string, local: string, options: Options = {}): Transfer =>
    transferRun.start(remote, { step: "get", kinds, local, path, options, dry: false })

/**
 * Copies a file or a directory to a host. A target that ends in `/`, or a file's target that is a directory, takes it under
 * its own name; a directory is otherwise merged into its target. Missing parents are made.
 *
 * @since 0.1.0
 * @category execution
 * @example
 * import { FileTransfer, Runtime } from "lazycluster"
 * import { Effect } from "effect"
 *
 * const sent = Effect.gen(function*() {
 *   const runtime = yield* Runtime.make("host-1")
 *   return yield* FileTransfer.send(runtime, "./data", "data", { exclude: ["*.tmp"] })
 * }).pipe(Effect.scoped) // { files: 12, bytes: 48213, skipped: [], unchanged: 0, resumed: 0 }
 */
export const send: (remote: Remote, local: string, path: string, options?: Options) => Transfer = sending(both)

/**
 * Copies a file to a host.
 *
 * @since 0.1.0
 * @category execution
 */
export const sendFile: (remote: Remote, local: string, path: string, options?: Options) => Transfer = sending(["file"])

/**
 * Copies a directory to a host, empty directories too.
 *
 * @since 0.1.0
 * @category execution
 */
export const sendDirectory: (remote: Remote, local: string, path: string, options?: Options) => Transfer = sending([
  "directory"
])

/**
 * Copies a file or a directory from a host, as `send` does the other way.
 *
 * @since 0.1.0
 * @category execution
 */
export const get: (remote: Remote, path: string, local: string, options?: Options) => Transfer = getting(both)

/**
 * Copies a file from a host.
 *
 * @since 0.1.0
 * @category execution
 */
export const getFile: (remote: Remote, path: string, local: string, options?: Options) => Transfer = getting(["file"])

/**
 * Copies a directory from a host, empty directories too.
 *
 * @since 0.1.0
 * @category execution
 */
export const getDirectory: (remote: Remote, path: string, local: string, options?: Options) => Transfer = getting([
  "directory"
])

/**
 * As `send`, telling what happens; leaving the stream ends the transfer.
 *
 * @since 0.1.0
 * @category execution
 */
export const sendStream = (
  remote: Remote,
  local: string,
  path: string,
  options: Options = {}
): Stream.Stream<Event, SshError | FileTransferError> =>
  streamed(
    { step: "send", kinds: both, local, path, options, dry: false },
    (asked, planned) => transferRun.start(remote, asked, planned)
  )

/**
 * As `get`, telling what happens; leaving the stream ends the transfer.
 *
 * @since 0.1.0
 * @category execution
 */
export const getStream = (
  remote: Remote,
  path: string,
  local: string,
  options: Options = {}
): Stream.Stream<Event, SshError | FileTransferError> =>
  streamed(
    { step: "get", kinds: both, local, path, options, dry: false },
    (asked, planned) => transferRun.start(remote, asked, planned)
  )

/**
 * Something of this machine that several hosts are to have: it is read and hashed once, as far as they keep pace, and none waits
 * for another.
 *
 * @since 0.1.0
 * @category models
 */
export interface Prepared {
  readonly send: (remote: Remote, path: string) => Transfer
  /** As `send`, telling what happens to this host; leaving the stream ends the transfer. */
  readonly sendStream: (remote: Remote, path: string) => Stream.Stream<Event, SshError | FileTransferError>
}

/**
 * Makes a file or a directory ready for several hosts. Memory is bounded: a host that is much slower than the others reads again.
 *
 * @since 0.1.0
 * @category constructors
 */
export const prepare = (local: string, options: Options = {}): Effect.Effect<Prepared, FileTransferError> => {
  const asking = (path: string): transferRun.Asked => ({ step: "send", kinds: both, local, path, options, dry: false })
  return Effect.map(transferRun.originOf(asking(""), true), (origin) => ({
    send: (remote, path) => transferRun.transfer(remote, asking(path), origin, transferRun.nobody),
    sendStream: (remote, path) =>
      streamed(asking(path), (asked, planned) => transferRun.transfer(remote, asked, origin, planned))
  }))
}

/**
 * What `send` would do, without doing it. `None` where the host lacks what is needed to tell.
 *
 * @since 0.1.0
 * @category execution
 */
export const planSend = (
  remote: Remote,
  local: string,
  path: string,
  options: Options = {}
): Effect.Effect<Option.Option<Plan>, SshError | FileTransferError> =>
  transferRun.planned(remote, { step: "send", kinds: both, local, path, options, dry: true })

/**
 * What `get` would do, without doing it. `None` where the host lacks what is needed to tell.
 *
 * @since 0.1.0
 * @category execution
 */
export const planGet = (
  remote: Remote,
  path: string,
  local: string,
  options: Options = {}
): Effect.Effect<Option.Option<Plan>, SshError | FileTransferError> =>
  transferRun.planned(remote, { step: "get", kinds: both, local, path, options, dry: true })
