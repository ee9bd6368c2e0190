/**
 * Files and directories between this machine and a host, over the host's one SFTP session.
 *
 * A file is written under a temporary name beside its target and then renamed: nobody sees half a file. Permission bits are
 * kept. Links are followed; a link that points at nothing or at a directory above itself is skipped, as are pipes, sockets
 * and devices, and the result names them. Names are UTF-8.
 *
 * @since 0.1.0
 */
import { type PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { join, ofHost, ofManager, parent, type Tree, walk } from "../internal/fileTree.ts"
import { type Host, manager } from "./Host.ts"
import type { Files } from "./SshConnection.ts"
import { explain, type SshError } from "./SshError.ts"

/**
 * Why a transfer failed for another reason than the connection.
 *
 * - `Missing`: there is nothing at the source
 * - `NotAFile`: the source is a pipe, a socket or a device, or a directory where a file was asked for, or the reverse
 * - `Local`: the file system of this machine refused
 *
 * @since 0.1.0
 * @category errors
 */
export class FileTransferError
  extends Schema.TaggedError<FileTransferError>("lazycluster/FileTransferError")("FileTransferError", {
    reason: Schema.Literal("Missing", "NotAFile", "Local"),
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

/**
 * A host and its files.
 *
 * @since 0.1.0
 * @category models
 */
export interface Remote {
  readonly host: Host
  readonly files: Files
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
 * What has been copied, and the paths (below the source) that are neither files nor directories.
 *
 * @since 0.1.0
 * @category models
 */
export interface Transferred extends Progress {
  readonly skipped: ReadonlyArray<string>
}

/**
 * How to copy.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Heard of after each piece of a file. */
  readonly onProgress?: ((progress: Progress) => Effect.Effect<void>) | undefined
  /** Files under way at a time (default 16): each waits for its round trips. */
  readonly concurrency?: number | undefined
}

/**
 * A copy: it fails with the connection, or with what is wrong with the files.
 *
 * @since 0.1.0
 * @category models
 */
export type Transfer = Effect.Effect<
  Transferred,
  SshError | FileTransferError,
  FileSystem.FileSystem | Path.Path
>

type Failure = SshError | FileTransferError

interface Job {
  readonly from: Tree<Failure>
  readonly source: string
  readonly to: Tree<Failure>
  readonly target: string
  readonly options: Options
  readonly fail: (reason: FileTransferError["reason"], detail: string, hint?: string) => FileTransferError
}

const permissions = (mode: number): number => mode & 0o777

const counter = Effect.fnUntraced(function*(options: Options) {
  const total = yield* Ref.make<Progress>({ files: 0, bytes: 0 })
  return {
    total: Ref.get(total),
    add: (files: number, bytes: number): Effect.Effect<void> =>
      Effect.flatMap(
        Ref.updateAndGet(total, (now) => ({ files: now.files + files, bytes: now.bytes + bytes })),
        (now) => options.onProgress?.(now) ?? Effect.void
      )
  }
})
type Counter = Effect.Effect.Success<ReturnType<typeof counter>>

const copyOne = Effect.fnUntraced(function*(job: Job, source: string, target: string, mode: number, count: Counter) {
  const token = yield* Random.nextIntBetween(0, Number.MAX_SAFE_INTEGER)
  const temporary = join(parent(target), `.lazycluster-${token.toString(36)}`)
  const content = Stream.tap(job.from.read(source), (chunk) => count.add(0, chunk.length))
  yield* job.to.write(temporary, content, permissions(mode)).pipe(
    Effect.zipRight(job.to.rename(temporary, target)),
    Effect.onError(() => Effect.ignore(job.to.removeFile(temporary)))
  )
  yield* count.add(1, 0)
})

const copyFile = Effect.fnUntraced(function*(job: Job, mode: number) {
  const count = yield* counter(job.options)
  const there = yield* job.to.stat(job.target)
  const into = job.target.endsWith("/") || Option.exists(there, (stat) => stat.type === "directory")
  const target = into ? join(job.target, job.source.slice(job.source.lastIndexOf("/") + 1)) : job.target
  yield* job.to.makeDirectory(parent(target))
  yield* copyOne(job, job.source, target, mode, count)
  return { ...(yield* count.total), skipped: [] }
})

const copyDirectory = Effect.fnUntraced(function*(job: Job, mode: number) {
  const count = yield* counter(job.options)
  const concurrency = job.options.concurrency ?? 16
  const name = job.source.slice(job.source.lastIndexOf("/") + 1)
  const root = job.target.endsWith("/") ? join(job.target, name) : job.target
  const below = (path: string): string => path === "" ? root : join(root, path)
  const made = yield* Ref.make(Chunk.empty<readonly [path: string, mode: number]>())
  const skipped = yield* Ref.make(Chunk.empty<string>())
  // A directory that was there keeps its mode: the working directory must not be opened to others by what is sent into it.
  const enter = Effect.fnUntraced(function*(path: string, mode: number) {
    const target = below(path)
    if (Option.isSome(yield* job.to.stat(target))) return
    yield* job.to.makeDirectory(target)
    yield* Ref.update(made, Chunk.append([target, mode] as const))
  })
  yield* walk(job.from, job.source, { mode, concurrency, enter }).pipe(
    Stream.mapEffect((entry) => {
      const stat = Option.filter(entry.stat, (stat) => stat.type === "file")
      return Option.isNone(stat)
        ? Ref.update(skipped, Chunk.append(entry.path))
        : copyOne(job, join(job.source, entry.path), below(entry.path), stat.value.mode, count)
    }, { concurrency, unordered: true }),
    Stream.runDrain
  )
  // Last, and the deepest first: nothing could be written into a directory that is read-only.
  yield* Effect.forEach(
    Chunk.reverse(yield* Ref.get(made)),
    ([path, mode]) => job.to.chmod(path, permissions(mode)),
    { discard: true }
  )
  return { ...(yield* count.total), skipped: Chunk.toArray(yield* Ref.get(skipped)).sort() }
})

type Kind = "file" | "directory"

const copy = Effect.fnUntraced(function*(job: Job, kinds: ReadonlyArray<Kind>) {
  const stat = yield* job.from.stat(job.source)
  if (Option.isNone(stat)) {
    return yield* job.fail("Missing", "there is nothing at that path", "check the path; links must point at something")
  }
  const type = kinds.find((kind) => kind === stat.value.type)
  switch (type) {
    case "file":
      return yield* copyFile(job, stat.value.mode)
    case "directory":
      return yield* copyDirectory(job, stat.value.mode)
    default:
      return yield* job.fail(
        "NotAFile",
        stat.value.type === "other" ? "it is a pipe, a socket or a device" : `it is a ${stat.value.type}`
      )
  }
})

const withoutSlash = (path: string): string => path.length > 1 ? path.replace(/(?<=.)\/+$/, "") : path

const between = (step: "send" | "get", kinds: ReadonlyArray<Kind>) =>
  Effect.fnUntraced(function*(remote: Remote, source: string, target: string, options: Options = {}) {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const absolute = (local: string): string =>
      local.endsWith("/") && local.length > 1 ? `${path.resolve(local)}/` : path.resolve(local)
    const here = ofManager<Failure>(fs, (error: PlatformError) =>
      new FileTransferError({
        reason: "Local",
        host: manager.alias,
        step,
        path: step === "send" ? source : target,
        detail: error.message,
        cause: error
      }))
    const there: Tree<Failure> = ofHost(remote.files)
    return yield* copy({
      ...(step === "send"
        ? { from: here, source: withoutSlash(absolute(source)), to: there, target }
        : { from: there, source: withoutSlash(source), to: here, target: absolute(target) }),
      options,
      fail: (reason, detail, hint) =>
        new FileTransferError({
          reason,
          host: step === "send" ? manager.alias : remote.host.alias,
          step,
          path: source,
          detail,
          hint
        })
    }, kinds)
  })

/**
 * Copies a file or a directory to a host. A target that ends in `/`, or a file's target that is a directory, takes it under
 * its own name; a directory is otherwise merged into its target. Missing parents are made.
 *
 * @since 0.1.0
 * @category execution
 * @example
 * import { FileTransfer } from "lazycluster"
 *
 * declare const remote: FileTransfer.Remote
 *
 * const sent = FileTransfer.send(remote, "./data", "data") // { files: 12, bytes: 48213, skipped: [] }
 */
export const send: (remote: Remote, local: string, path: string, options?: Options) => Transfer = between("send", [
  "file",
  "directory"
])

/**
 * Copies a file to a host.
 *
 * @since 0.1.0
 * @category execution
 */
export const sendFile: (remote: Remote, local: string, path: string, options?: Options) => Transfer = between("send", [
  "file"
])

/**
 * Copies a directory to a host, empty directories too.
 *
 * @since 0.1.0
 * @category execution
 */
export const sendDirectory: (remote: Remote, local: string, path: string, options?: Options) => Transfer = between(
  "send",
  ["directory"]
)

/**
 * Copies a file or a directory from a host, as `send` does the other way.
 *
 * @since 0.1.0
 * @category execution
 */
export const get: (remote: Remote, path: string, local: string, options?: Options) => Transfer = between("get", [
  "file",
  "directory"
])

/**
 * Copies a file from a host.
 *
 * @since 0.1.0
 * @category execution
 */
export const getFile: (remote: Remote, path: string, local: string, options?: Options) => Transfer = between("get", [
  "file"
])

/**
 * Copies a directory from a host, empty directories too.
 *
 * @since 0.1.0
 * @category execution
 */
export const getDirectory: (remote: Remote, path: string, local: string, options?: Options) => Transfer = between(
  "get",
  ["directory"]
)
