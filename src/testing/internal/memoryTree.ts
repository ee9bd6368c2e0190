/**
 * The disk of a host in memory: directories, files and links, with modes.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { posix } from "node:path"
import type { FileStat } from "../../services/SshConnection.ts"
import { SshError } from "../../services/SshError.ts"
import * as memoryDisk from "./memoryDisk.ts"
import { concat } from "./memoryPipe.ts"

/** @internal */
export interface Tree {
  readonly disk: memoryDisk.Disk
  readonly resolve: (path: string, from?: string) => string
  readonly stat: (path: string) => Effect.Effect<Option.Option<FileStat>>
  readonly list: (path: string) => Effect.Effect<ReadonlyArray<string>, SshError>
  readonly makeDirectory: (path: string, mode?: number) => Effect.Effect<void, SshError>
  readonly makeSocket: (path: string) => Effect.Effect<void, SshError>
  readonly read: (path: string) => Effect.Effect<Uint8Array, SshError>
  readonly write: (path: string, bytes: Uint8Array, mode?: number) => Effect.Effect<void, SshError>
  readonly append: (path: string, bytes: Uint8Array, mode?: number) => Effect.Effect<void, SshError>
  readonly chmod: (path: string, mode: number) => Effect.Effect<void, SshError>
  readonly rename: (from: string, to: string) => Effect.Effect<void, SshError>
  readonly removeFile: (path: string) => Effect.Effect<void, SshError>
  /** A directory with all that is in it, or a file; nothing there is fine. */
  readonly remove: (path: string) => Effect.Effect<void, SshError>
  /** Every path, sorted. */
  readonly paths: Effect.Effect<ReadonlyArray<string>>
  /** A call of the kernel's, at this time; what it refuses is an error of the step. */
  readonly call: <A>(
    step: string,
    path: string,
    act: (disk: memoryDisk.Disk, now: number) => memoryDisk.Result<A>
  ) => Effect.Effect<A, SshError>
}

const texts: Record<memoryDisk.Code, string> = {
  EACCES: "Permission denied",
  EBADF: "Bad file descriptor",
  EBUSY: "Device or resource busy",
  EEXIST: "File exists",
  EINVAL: "Invalid argument",
  EISDIR: "Is a directory",
  ELOOP: "Too many levels of symbolic links",
  ENOENT: "No such file or directory",
  ENOSPC: "No space left on device",
  ENOTDIR: "Not a directory",
  ENOTEMPTY: "Directory not empty",
  ENXIO: "No such device or address",
  EPERM: "Operation not permitted",
  ERR_FS_CP_DIR_TO_NON_DIR: "a directory does not replace what is none",
  ERR_FS_CP_EINVAL: "they are the same, or one is in the other",
  ERR_FS_CP_NON_DIR_TO_DIR: "what is no directory does not replace one",
  ERR_FS_EISDIR: "is a directory"
}

/**
 * What a program says of a code.
 *
 * @internal
 */
export const textOf = (code: memoryDisk.Code): string => texts[code]

const kinds = { Directory: "directory", File: "file", Link: "link", Socket: "other" } as const

/** @internal */
export const make = (host: string, home: string, isFull: () => boolean = () => false): Tree => {
  const disk = memoryDisk.make(isFull)
  const resolve = (path: string, from = home) => posix.resolve(from, path)
  const call: Tree["call"] = (step, path, act) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) =>
      Either.match(act(disk, now), {
        onRight: Effect.succeed,
        onLeft: (code) =>
          Effect.fail(
            new SshError({ reason: "Transfer", host, step: `sftp.${step}`, detail: `${path}: ${texts[code]}`, code })
          )
      }))
  const put = (step: string, asked: string, mode: number | undefined, next: (old: Uint8Array) => Uint8Array) =>
    call(step, resolve(asked), (disk, now) =>
      Either.flatMap(
        disk.open(
          resolve(asked),
          { read: false, write: true, create: true, exclusive: false, truncate: false },
          mode ?? 0o644,
          now
        ),
        (file) => {
          if (file._tag === "Directory") return Either.left("EISDIR" as const)
          if (mode !== undefined) file.mode = mode
          return disk.put(file, next(file.bytes), now)
        }
      ))
  const makeDirectory: Tree["makeDirectory"] = (asked, mode = 0o755) =>
    Effect.suspend(() => {
      const path = resolve(asked)
      const found = disk.node(path)
      if (Either.isRight(found) && found.right._tag === "Directory") return Effect.void
      return Effect.zipRight(
        path === "/" ? Effect.void : makeDirectory(posix.dirname(path)),
        call("mkdir", path, (disk, now) => memoryDisk.done(disk.makeDirectory(path, mode, now)))
      )
    })
  /** One that is not there is fine. */
  const unlessMissing = (done: memoryDisk.Result<void>): memoryDisk.Result<void> =>
    Either.orElse(done, (code) => code === "ENOENT" || code === "ENOTDIR" ? Either.void : Either.left(code))
  return {
    disk,
    resolve,
    call,
    stat: (asked) =>
      Effect.sync(() =>
        Option.map(Either.getRight(disk.node(resolve(asked))), (node) => ({
          type: kinds[node._tag],
          size: node._tag === "File" ? node.bytes.length : node._tag === "Directory" ? 4096 : 0,
          mode: node.mode,
          modified: Math.floor(node.modified / 1000)
        }))
      ),
    list: (asked) =>
      call(
        "list",
        resolve(asked),
        (disk) => Either.map(disk.list(resolve(asked)), (entries) => entries.map(([name]) => name))
      ),
    makeDirectory,
    makeSocket: (asked) =>
      Effect.mapError(
        call("bind", resolve(asked), (disk, now) => memoryDisk.done(disk.makeSocket(resolve(asked), now))),
        (error) =>
          error.code === "EEXIST"
            ? new SshError({ ...error, detail: `${resolve(asked)}: Address already in use` })
            : error
      ),
    read: (asked) =>
      call("read", resolve(asked), (disk, now) =>
        Either.flatMap(
          disk.open(
            resolve(asked),
            { read: true, write: false, create: false, exclusive: false, truncate: false },
            0,
            now
          ),
          (file) => file._tag === "File" ? Either.right(file.bytes) : Either.left("EISDIR" as const)
        )),
    write: (path, bytes, mode) => put("write", path, mode, () => bytes),
    append: (path, bytes, mode) => put("write", path, mode, (old) => concat([old, bytes])),
    chmod: (asked, mode) =>
      call("chmod", resolve(asked), (disk) =>
        Either.map(disk.node(resolve(asked)), (node) => {
          node.mode = mode
        })),
    rename: (from, to) =>
      call("rename", `${resolve(from)} to ${resolve(to)}`, (disk, now) => disk.rename(resolve(from), resolve(to), now)),
    removeFile: (asked) =>
      call("remove", resolve(asked), (disk, now) => unlessMissing(disk.unlink(resolve(asked), now))),
    remove: (asked) => call("remove", resolve(asked), (disk, now) => unlessMissing(disk.remove(resolve(asked), now))),
    paths: Effect.sync(disk.paths)
  }
}
