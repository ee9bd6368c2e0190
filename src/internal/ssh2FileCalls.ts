/**
 * One file operation, one SFTP request. Version 3 has few status codes: after a failure it asks again what stood in the way.
 *
 * @since 0.1.0
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { posix } from "node:path"
import ssh2, { type FileEntryWithStats, type SFTPWrapper, type Stats } from "ssh2"
import type { FileRequests } from "../services/FileCalls.ts"
import { SshError } from "../services/SshError.ts"

type Done<A> = (error: Error | undefined | null, value: A) => void

/**
 * How requests are made in a session.
 *
 * @internal
 */
export interface Requests {
  readonly sftp: SFTPWrapper
  readonly call: <A>(step: string, path: string, run: (done: Done<A>) => void) => Effect.Effect<A, SshError>
  readonly open: (
    path: string,
    flags: FileSystem.OpenFlag,
    mode?: number
  ) => Effect.Effect<Buffer, SshError, Scope.Scope>
  readonly readAt: (
    handle: Buffer,
    path: string,
    offset: number,
    length: number
  ) => Effect.Effect<Uint8Array, SshError>
}

const kinds = new Map<number, FileSystem.File.Type>([
  [0o100000, "File"],
  [0o040000, "Directory"],
  [0o120000, "SymbolicLink"],
  [0o060000, "BlockDevice"],
  [0o020000, "CharacterDevice"],
  [0o010000, "FIFO"],
  [0o140000, "Socket"]
])

const kindOf = (mode: number): FileSystem.File.Type => kinds.get(mode & 0o170000) ?? "Unknown"

/** SFTP tells no more: whole seconds, and nothing of devices, inodes and links. */
const infoOf = ({ atime, gid, mode, mtime, size, uid }: Stats): FileSystem.File.Info => ({
  type: kindOf(mode),
  mtime: Option.some(new Date(mtime * 1000)),
  atime: Option.some(new Date(atime * 1000)),
  birthtime: Option.none(),
  dev: 0,
  ino: Option.none(),
  mode,
  nlink: Option.none(),
  uid: Option.some(uid),
  gid: Option.some(gid),
  rdev: Option.none(),
  size: FileSystem.Size(size),
  blksize: Option.none(),
  blocks: Option.none()
})

const { STATUS_CODE: status } = ssh2.utils.sftp

const statusOf = ({ cause }: SshError): number | undefined =>
  typeof cause === "object" && cause !== null && "code" in cause && typeof cause.code === "number"
    ? cause.code
    : undefined

/**
 * The operations of a session.
 *
 * @internal
 */
export const make = ({ call, open, readAt, sftp }: Requests): FileRequests => {
  const kind = (path: string, follow: boolean): Effect.Effect<FileSystem.File.Type | undefined> =>
    call<Stats>("stat", path, (done) => follow ? sftp.stat(path, done) : sftp.lstat(path, done)).pipe(
      Effect.match({ onSuccess: ({ mode }) => kindOf(mode), onFailure: () => undefined })
    )

  /** sftp-server says "no such file" also where a file stands in for a directory, and where links go round. */
  const missing = (path: string): Effect.Effect<string> =>
    Effect.gen(function*() {
      const slashes = path.replace(/\/+$/, "")
      const own = yield* kind(slashes, false)
      if (own === "SymbolicLink") return (yield* goesRound(slashes, 40)) ? "ELOOP" : "ENOENT"
      if (own !== undefined) return slashes !== path && own !== "Directory" ? "ENOTDIR" : "ENOENT"
      const above = posix.dirname(slashes)
      if (above === slashes) return "ENOENT"
      const parent = yield* kind(above, true)
      if (parent === undefined) return yield* missing(above)
      return parent === "Directory" ? "ENOENT" : "ENOTDIR"
    })
  const goesRound = (path: string, left: number): Effect.Effect<boolean> =>
    left === 0 ? Effect.succeed(true) : call<string>("readlink", path, (done) => sftp.readlink(path, done)).pipe(
      Effect.flatMap((target) => goesRound(posix.resolve(posix.dirname(path), target), left - 1)),
      Effect.catchAll(() => Effect.succeed(false))
    )

  /** `failure` names what the system may have said where the server just says `Failure`, by looking again. */
  const named = <A, R>(
    effect: Effect.Effect<A, SshError, R>,
    path: string,
    failure: Effect.Effect<string | undefined> = Effect.succeed(undefined),
    denied: Effect.Effect<string> = Effect.succeed("EACCES"),
    absent: Effect.Effect<string> = missing(path)
  ): Effect.Effect<A, SshError, R> =>
    Effect.catchAll(effect, (error) => {
      const code = statusOf(error)
      // ssh2 throws this where the server has not announced an extension.
      const unsupported = String(error.cause).includes("does not support this extended request")
      const why = code === status.NO_SUCH_FILE
        ? absent
        : code === status.PERMISSION_DENIED
        ? denied
        : code === status.FAILURE
        ? failure
        : Effect.succeed(code === status.BAD_MESSAGE ? "EINVAL" : unsupported || code === 8 ? "ENOSYS" : undefined)
      return Effect.flatMap(why, (code) => Effect.fail(code === undefined ? error : new SshError({ ...error, code })))
    })

  const isDirectory = (path: string) =>
    Effect.map(kind(path, true), (found) => found === "Directory" ? "EISDIR" : undefined)
  const exists = (path: string) => Effect.map(kind(path, false), (found) => found === undefined ? undefined : "EEXIST")
  /** Who may reach a path, but does not own it. */
  const owner = (path: string) => Effect.map(kind(path, true), (found) => found === undefined ? "EACCES" : "EPERM")
  const request = (step: string, path: string, run: (done: (error: Error | undefined | null) => void) => void) =>
    call<void>(step, path, (done) => run((error) => done(error, undefined)))

  const opened: FileRequests["open"] = (path, flag, mode) =>
    named(
      open(path, flag, mode ?? 0o666),
      path,
      flag.includes("x") ? exists(path) : isDirectory(path),
      // An exclusive open of what is there: the kinds of Unix differ in what they look at first.
      Effect.succeed("EACCES")
    ).pipe(Effect.map((handle) => ({
      info: Effect.map(call<Stats>("stat", path, (done) => sftp.fstat(handle, done)), infoOf),
      sync: named(request("sync", path, (done) => sftp.ext_openssh_fsync(handle, done)), path),
      read: (offset, length) => named(readAt(handle, path, offset, length), path, isDirectory(path)),
      write: (offset, bytes) =>
        bytes.length === 0 ? Effect.void : named(
          request("write", path, (done) =>
            sftp.write(
              handle,
              Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length),
              0,
              bytes.length,
              offset,
              done
            )),
          path
        ),
      truncate: (length) =>
        named(request("truncate", path, (done) => sftp.fsetstat(handle, { size: length }, done)), path)
    })))

  return {
    open: opened,
    info: (path) => named(Effect.map(call<Stats>("stat", path, (done) => sftp.stat(path, done)), infoOf), path),
    entries: (path) =>
      named(
        call<ReadonlyArray<FileEntryWithStats>>("list", path, (done) => sftp.readdir(path, done)),
        path,
        undefined,
        undefined,
        // It is there, and no directory.
        Effect.flatMap(kind(path, true), (found) => found === undefined ? missing(path) : Effect.succeed("ENOTDIR"))
      ).pipe(Effect.map((entries) =>
        entries.filter(({ filename }) => filename !== "." && filename !== "..").map(({ attrs, filename }) => ({
          name: filename,
          directory: kindOf(attrs.mode) === "Directory",
          stamp: `${attrs.size} ${attrs.mtime}`
        })).sort((one, other) => one.name < other.name ? -1 : 1)
      )),
    makeDirectory: (path, mode = 0o777) =>
      named(request("mkdir", path, (done) => sftp.mkdir(path, { mode }, done)), path, exists(path)),
    unlink: (path) =>
      named(
        request("unlink", path, (done) => sftp.unlink(path, done)),
        path,
        Effect.map(
          kind(path, false),
          (found) => found === "Directory" ? "EISDIR" : undefined
        )
      ),
    rename: (from, to) =>
      named(
        request("rename", `${from} to ${to}`, (done) => sftp.ext_openssh_rename(from, to, done)),
        from,
        Effect.flatMap(Effect.all([kind(from, false), kind(to, false)]), ([one, other]) =>
          Effect.succeed(
            other !== "Directory" ? undefined : one === "Directory" ? "ENOTEMPTY" : "EISDIR"
          )),
        undefined,
        // A directory cannot take the place of a file.
        Effect.flatMap(Effect.all([kind(from, false), kind(to, false)]), ([one, other]) =>
          one === undefined ? missing(from) : one === "Directory" && other !== undefined
            ? Effect.succeed("ENOTDIR")
            : missing(to))
      ),
    link: (existing, path) =>
      named(
        request("link", path, (done) => sftp.ext_openssh_hardlink(existing, path, done)),
        existing,
        exists(path),
        Effect.map(kind(existing, false), (found) => found === "Directory" ? "EPERM" : "EACCES"),
        Effect.flatMap(kind(existing, false), (found) => missing(found === undefined ? existing : path))
      ),
    symlink: (target, path) =>
      named(request("symlink", path, (done) => sftp.symlink(target, path, done)), path, exists(path)),
    readLink: (path) => named(call<string>("readlink", path, (done) => sftp.readlink(path, done)), path),
    // sftp-server resolves what is not there as well, but for its parents.
    realPath: (path) =>
      named(
        Effect.zipLeft(
          call<string>("realpath", path, (done) => sftp.realpath(path, done)),
          call<Stats>("stat", path, (done) => sftp.stat(path, done)),
          { concurrent: true }
        ),
        path
      ),
    chmod: (path, mode) =>
      named(request("chmod", path, (done) => sftp.chmod(path, mode, done)), path, undefined, owner(path)),
    chown: (path, user, group) =>
      named(request("chown", path, (done) => sftp.chown(path, user, group, done)), path, undefined, owner(path)),
    utimes: (path, accessed, modified) =>
      named(
        request("utimes", path, (done) => sftp.utimes(path, Math.floor(accessed), Math.floor(modified), done)),
        path,
        undefined,
        owner(path)
      ),
    truncate: (path, length) =>
      named(request("truncate", path, (done) => sftp.setstat(path, { size: length }, done)), path, isDirectory(path))
  }
}
