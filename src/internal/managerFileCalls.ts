/**
 * File operations of the machine that runs this program, by Node.
 *
 * @since 0.1.0
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { constants, type Stats, watch } from "node:fs"
import * as fs from "node:fs/promises"
import { join } from "node:path"
import type { FileCalls, OpenFile } from "../services/FileCalls.ts"
import { manager } from "../services/Host.ts"
import { SshError } from "../services/SshError.ts"

const failed = (step: string) => (cause: unknown): SshError =>
  new SshError({
    reason: "Transfer",
    host: manager.alias,
    step: `files.${step}`,
    detail: cause instanceof Error ? cause.message : String(cause),
    ...(cause instanceof Error && "code" in cause && typeof cause.code === "string" ? { code: cause.code } : {}),
    cause
  })

const attempt = <A>(step: string, work: () => Promise<A>): Effect.Effect<A, SshError> =>
  Effect.tryPromise({ try: work, catch: failed(step) })

const kindOf = (stats: Stats): FileSystem.File.Type =>
  stats.isFile()
    ? "File"
    : stats.isDirectory()
    ? "Directory"
    : stats.isSymbolicLink()
    ? "SymbolicLink"
    : stats.isBlockDevice()
    ? "BlockDevice"
    : stats.isCharacterDevice()
    ? "CharacterDevice"
    : stats.isFIFO()
    ? "FIFO"
    : stats.isSocket()
    ? "Socket"
    : "Unknown"

const infoOf = (stats: Stats): FileSystem.File.Info => ({
  type: kindOf(stats),
  mtime: Option.some(stats.mtime),
  atime: Option.some(stats.atime),
  birthtime: Option.some(stats.birthtime),
  dev: stats.dev,
  ino: Option.some(stats.ino),
  mode: stats.mode,
  nlink: Option.some(stats.nlink),
  uid: Option.some(stats.uid),
  gid: Option.some(stats.gid),
  rdev: Option.some(stats.rdev),
  size: FileSystem.Size(stats.size),
  blksize: Option.some(FileSystem.Size(stats.blksize)),
  blocks: Option.some(stats.blocks)
})

const fileOf = (handle: fs.FileHandle, append: boolean): OpenFile => {
  const write = (offset: number, bytes: Uint8Array): Effect.Effect<void, SshError> =>
    bytes.length === 0
      ? Effect.void
      : attempt("write", () => handle.write(bytes, 0, bytes.length, append ? null : offset)).pipe(
        Effect.flatMap(({ bytesWritten }) => write(offset + bytesWritten, bytes.subarray(bytesWritten)))
      )
  return {
    info: Effect.map(attempt("stat", () => handle.stat()), infoOf),
    sync: attempt("sync", () => handle.sync()),
    read: (offset, length) =>
      Effect.map(
        attempt("read", () => handle.read(Buffer.allocUnsafeSlow(length), 0, length, offset)),
        ({ buffer, bytesRead }) => buffer.subarray(0, bytesRead)
      ),
    write,
    truncate: (length) => attempt("truncate", () => handle.truncate(length))
  }
}

const watched = (path: string, recursive: boolean): Stream.Stream<FileSystem.WatchEvent, SshError> =>
  Stream.unwrap(
    Effect.map(
      attempt("watch", () => fs.stat(path)),
      (stats) =>
        Stream.asyncScoped<FileSystem.WatchEvent, SshError>((emit) =>
          Effect.acquireRelease(
            Effect.try({
              try: () =>
                watch(path, { recursive }, (event, name) => {
                  if (name === null) return
                  if (event === "change") {
                    return void emit.single(FileSystem.WatchEventUpdate({ path: name }))
                  }
                  // Node says of both that a name has changed.
                  return void emit.fromEffect(
                    Effect.match(Effect.tryPromise(() => fs.lstat(stats.isDirectory() ? join(path, name) : path)), {
                      onSuccess: () => FileSystem.WatchEventCreate({ path: name }),
                      onFailure: () => FileSystem.WatchEventRemove({ path: name })
                    })
                  )
                }).on("error", (cause) => void emit.fail(failed("watch")(cause))).on("close", () => void emit.end()),
              catch: failed("watch")
            }),
            (watcher) => Effect.sync(() => watcher.close())
          )
        )
    )
  )

/** @internal */
export const calls: FileCalls = {
  open: (path, flag, mode) =>
    Effect.acquireRelease(
      attempt("open", () => fs.open(path, flag, mode)),
      (handle) => Effect.ignore(attempt("close", () => handle.close()))
    ).pipe(Effect.map((handle) => fileOf(handle, flag.startsWith("a")))),
  info: (path) => Effect.map(attempt("stat", () => fs.stat(path)), infoOf),
  entries: (path) =>
    Effect.map(
      attempt("list", () => fs.readdir(path, { withFileTypes: true })),
      (entries) => entries.map((entry) => ({ name: entry.name, directory: entry.isDirectory() }))
    ),
  makeDirectory: (path, mode) => attempt("mkdir", () => fs.mkdir(path, mode)),
  unlink: (path) => attempt("unlink", () => fs.unlink(path)),
  rename: (from, to) => attempt("rename", () => fs.rename(from, to)),
  link: (existing, path) => attempt("link", () => fs.link(existing, path)),
  symlink: (target, path) => attempt("symlink", () => fs.symlink(target, path)),
  readLink: (path) => attempt("readlink", () => fs.readlink(path)),
  realPath: (path) => attempt("realpath", () => fs.realpath(path)),
  chmod: (path, mode) => attempt("chmod", () => fs.chmod(path, mode)),
  chown: (path, user, group) => attempt("chown", () => fs.chown(path, user, group)),
  utimes: (path, accessed, modified) => attempt("utimes", () => fs.utimes(path, accessed, modified)),
  truncate: (path, length) => attempt("truncate", () => fs.truncate(path, length)),
  access: (path, { readable, writable }) =>
    attempt("access", () =>
      fs.access(
        path,
        constants.F_OK | (readable ? constants.R_OK : 0) | (writable ? constants.W_OK : 0)
      )),
  remove: (path, options) => attempt("remove", () => fs.rm(path, options)),
  copy: (from, to, { overwrite, preserveTimestamps }) =>
    attempt("copy", () => fs.cp(from, to, { force: overwrite, preserveTimestamps, recursive: true })),
  copyFile: (from, to) => attempt("copyFile", () => fs.copyFile(from, to)),
  watch: (path, { recursive }) => watched(path, recursive)
}
