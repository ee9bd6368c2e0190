/**
 * One file operation, one SFTP request. Version 3 has few status codes: after a failure it asks again what stood in the way.
 *
 * @since 0.1.0
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as DateTime from "effect/DateTime"
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

const dateOf = (seconds: number) => DateTime.toDateUtc(DateTime.unsafeMake(seconds * 1000))

/** SFTP tells no more: whole seconds, and nothing of devices, inodes and links. */
const infoOf = ({ atime, gid, mode, mtime, size, uid }: Stats): FileSystem.File.Info => ({
  type: kindOf(mode),
  mtime: Option.some(dateOf(mtime)),
  atime: Option.some(dateOf(atime)),
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

type Code = string | undefined

/** What the system may have said, by what the server says. */
interface Why {
  /** "Failure", and no more. */
  readonly failure?: Effect.Effect<Code>
  readonly denied?: Effect.Effect<Code>
  /** "No such file", also where a file stands in for a directory, and where links go round. */
  readonly absent?: Effect.Effect<Code>
}

const unknown: Effect.Effect<Code> = Effect.as(Effect.void, undefined)
const withoutSlash = (path: string) => path.replace(/\/+$/, "")
const lastIsDots = (path: string) => /(^|\/)\.\.?\/*$/.test(path)

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

  const missing = (path: string): Effect.Effect<string> =>
    Effect.gen(function*() {
      const bare = withoutSlash(path)
      const own = yield* kind(bare, false)
      if (own === "SymbolicLink") return (yield* goesRound(bare, 40)) ? "ELOOP" : "ENOENT"
      if (own !== undefined) return bare !== path && own !== "Directory" ? "ENOTDIR" : "ENOENT"
      const above = posix.dirname(bare)
      if (above === bare) return "ENOENT"
      const parent = yield* kind(above, true)
      if (parent === undefined) return yield* missing(above)
      return parent === "Directory" ? "ENOENT" : "ENOTDIR"
    })
  /** What is wrong with the directory that a path is in. */
  const parent = (path: string): Effect.Effect<Code> =>
    Effect.flatMap(
      kind(posix.dirname(path), true),
      (found): Effect.Effect<Code> =>
        found === "Directory" ? unknown : found === undefined ? missing(posix.dirname(path)) : Effect.succeed("ENOTDIR")
    )
  const goesRound = (path: string, left: number): Effect.Effect<boolean> =>
    left === 0
      ? Effect.succeed(true)
      : Effect.matchEffect(call<string>("readlink", path, (done) => sftp.readlink(path, done)), {
        onSuccess: (target) => goesRound(posix.resolve(posix.dirname(path), target), left - 1),
        // Something else is there, or nothing, as far as links on the way to it can be followed.
        onFailure: () =>
          Effect.flatMap(kind(path, false), (found) =>
            found !== undefined || path === "/" ? Effect.succeed(false) : goesRound(posix.dirname(path), left - 1))
      })

  /** The same error with the code that the system may have given, by looking again. */
  const named = <A, R>(
    effect: Effect.Effect<A, SshError, R>,
    path: string,
    { absent = missing(path), denied = Effect.succeed("EACCES"), failure = unknown }: Why = {}
  ): Effect.Effect<A, SshError, R> =>
    Effect.catchAll(effect, (error) => {
      const why = new Map<number | undefined, Effect.Effect<Code>>([
        [status.NO_SUCH_FILE, absent],
        [status.PERMISSION_DENIED, denied],
        [status.FAILURE, failure],
        [status.BAD_MESSAGE, Effect.succeed("EINVAL")],
        [status.OP_UNSUPPORTED, Effect.succeed("ENOSYS")],
        // ssh2 throws this where the server has not announced an extension.
        [undefined, Effect.succeed(String(error.cause).includes("not support this extended") ? "ENOSYS" : undefined)]
      ]).get(statusOf(error)) ?? unknown
      return Effect.flatMap(why, (code) => Effect.fail(code === undefined ? error : new SshError({ ...error, code })))
    })

  const isDirectory = (path: string, follow = true) =>
    Effect.map(kind(path, follow), (found) => found === "Directory" ? "EISDIR" : undefined)
  const exists = (path: string) =>
    Effect.map(kind(withoutSlash(path), false), (found) => found === undefined ? undefined : "EEXIST")
  /** Who may reach a path, but does not own it. */
  const notOwner = (path: string) => Effect.map(kind(path, true), (found) => found === undefined ? "EACCES" : "EPERM")
  const request = (step: string, path: string, run: (done: (error: Error | undefined | null) => void) => void) =>
    call<void>(step, path, (done) => run((error) => done(error, undefined)))
  /** Of an open file: it was not opened for that. */
  const ofHandle = <A>(effect: Effect.Effect<A, SshError>, path: string, why: Why = {}) =>
    named(effect, path, { ...why, absent: Effect.succeed("EBADF") })

  /** A name with a slash at its end is no file that could be made. */
  const inTheWay = (path: string, flag: FileSystem.OpenFlag): Effect.Effect<Code> =>
    path.endsWith("/") && !flag.startsWith("r")
      ? Effect.succeed("EISDIR")
      : flag.includes("x")
      ? exists(path)
      : isDirectory(path)

  const opened: FileRequests["open"] = (path, flag, mode) =>
    Effect.map(named(open(path, flag, mode ?? 0o666), path, { failure: inTheWay(path, flag) }), (handle) => ({
      info: Effect.map(call<Stats>("stat", path, (done) => sftp.fstat(handle, done)), infoOf),
      sync: ofHandle(request("sync", path, (done) => sftp.ext_openssh_fsync(handle, done)), path),
      read: (offset, length) => ofHandle(readAt(handle, path, offset, length), path, { failure: isDirectory(path) }),
      write: (offset, bytes) => {
        const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
        return bytes.length === 0
          ? Effect.void
          : ofHandle(request("write", path, (done) => sftp.write(handle, buffer, 0, bytes.length, offset, done)), path)
      },
      truncate: (size) => ofHandle(request("truncate", path, (done) => sftp.fsetstat(handle, { size }, done)), path)
    }))

  return {
    open: opened,
    info: (path) => named(Effect.map(call<Stats>("stat", path, (done) => sftp.stat(path, done)), infoOf), path),
    entries: (path) =>
      named(
        call<ReadonlyArray<FileEntryWithStats>>("list", path, (done) => sftp.readdir(path, done)),
        path,
        {
          // Else it is there, and no directory.
          absent: Effect.flatMap(
            kind(path, true),
            (found) => found === undefined ? missing(path) : Effect.succeed("ENOTDIR")
          )
        }
      ).pipe(Effect.map((entries) =>
        entries.filter(({ filename }) => filename !== "." && filename !== "..").map(({ attrs, filename }) => ({
          name: filename,
          directory: kindOf(attrs.mode) === "Directory",
          stamp: `${attrs.size} ${attrs.mtime}`
        })).sort((one, other) => one.name < other.name ? -1 : 1)
      )),
    makeDirectory: (path, mode = 0o777) =>
      named(request("mkdir", path, (done) => sftp.mkdir(path, { mode }, done)), path, { failure: exists(path) }),
    unlink: (path) =>
      named(request("unlink", path, (done) => sftp.unlink(path, done)), path, { failure: isDirectory(path, false) }),
    rename: (from, to) => {
      const kinds = Effect.all([kind(withoutSlash(from), false), kind(withoutSlash(to), false)])
      return named(
        request("rename", `${from} to ${to}`, (done) => sftp.ext_openssh_rename(from, to, done)),
        from,
        {
          failure: Effect.map(kinds, ([one, other]) =>
            lastIsDots(from) || lastIsDots(to)
              ? "EBUSY"
              : other !== "Directory"
              ? undefined
              : one === "Directory"
              ? "ENOTEMPTY"
              : "EISDIR"),
          // A directory cannot take the place of a file.
          absent: Effect.map(
            Effect.all([parent(from), parent(to), kinds]),
            ([left, right, [one]]) => left ?? right ?? (one === undefined ? "ENOENT" : "ENOTDIR")
          )
        }
      )
    },
    link: (existing, path) =>
      named(request("link", path, (done) => sftp.ext_openssh_hardlink(existing, path, done)), existing, {
        failure: exists(path),
        denied: Effect.map(kind(existing, false), (found) => found === "Directory" ? "EPERM" : "EACCES"),
        absent: Effect.flatMap(kind(existing, false), (found) => missing(found === undefined ? existing : path))
      }),
    symlink: (target, path) =>
      named(request("symlink", path, (done) => sftp.symlink(target, path, done)), path, { failure: exists(path) }),
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
      named(request("chmod", path, (done) => sftp.chmod(path, mode, done)), path, { denied: notOwner(path) }),
    chown: (path, user, group) =>
      named(request("chown", path, (done) => sftp.chown(path, user, group, done)), path, { denied: notOwner(path) }),
    utimes: (path, accessed, modified) =>
      named(
        request("utimes", path, (done) => sftp.utimes(path, Math.floor(accessed), Math.floor(modified), done)),
        path,
        { denied: notOwner(path) }
      ),
    truncate: (path, size) =>
      named(request("truncate", path, (done) => sftp.setstat(path, { size }, done)), path, {
        failure: isDirectory(path)
      })
  }
}
