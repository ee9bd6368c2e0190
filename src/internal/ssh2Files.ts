/**
 * Files of a host over SFTP.
 *
 * @since 0.1.0
 */
import type { OpenFlag } from "@effect/platform/FileSystem"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { posix } from "node:path"
import ssh2, { type SFTPWrapper, type Stats } from "ssh2"
import type { FileStat, SessionFiles } from "../services/SshConnection.ts"
import { SshError } from "../services/SshError.ts"
import * as bounded from "./bounded.ts"
import { linkLost, transferError } from "./ssh2Errors.ts"
import * as Calls from "./ssh2FileCalls.ts"
import type { Link } from "./ssh2Link.ts"

/** One request, split by ssh2 to what the server takes; so many are under way at a time. */
const chunkSize = 256 * 1024
const inFlight = 8

type Done<A> = (error: Error | undefined | null, value: A) => void

/** Its types know this one by another name. */
const flagsOf = (flags: OpenFlag) => flags === "wx+" ? "xw+" : flags

const noSuchFile = (error: SshError): boolean =>
  typeof error.cause === "object" && error.cause !== null && "code" in error.cause &&
  error.cause.code === ssh2.utils.sftp.STATUS_CODE.NO_SUCH_FILE

const statOf = (stats: Stats): FileStat => ({
  type: stats.isDirectory() ? "directory" : stats.isFile() ? "file" : stats.isSymbolicLink() ? "link" : "other",
  size: stats.size,
  mode: stats.mode & 0o7777,
  modified: stats.mtime
})

/**
 * An SFTP session that can be ended.
 *
 * @internal
 */
export interface Session {
  readonly files: SessionFiles
  readonly end: () => void
}

/**
 * The files behind one SFTP session.
 *
 * @internal
 */
export const session = (link: Pick<Link, "host" | "whenLost">, sftp: SFTPWrapper): Session => {
  const { host } = link
  const waiting = new Set<() => void>()
  let over: unknown
  const ended = (cause: unknown): void => {
    over ??= cause
    for (const tell of waiting) tell()
    waiting.clear()
  }
  const forget = link.whenLost(ended)
  sftp.on("close", () => {
    forget()
    ended(new Error("the session has ended"))
  }).on("error", ended)
  const failed = (step: string, path: string, cause: unknown): SshError =>
    over instanceof SshError
      ? linkLost(host, `sftp.${step}`, over.cause)
      : transferError(host, `sftp.${step}`, path, over ?? cause)
  const call = <A>(step: string, path: string, run: (done: Done<A>) => void): Effect.Effect<A, SshError> =>
    Effect.async<A, SshError>((resume) => {
      const fail = (cause?: unknown) => resume(Effect.fail(failed(step, path, cause)))
      if (over !== undefined) return fail()
      const tell = () => fail()
      waiting.add(tell)
      run((error, value) => {
        waiting.delete(tell)
        return error ? fail(error) : resume(Effect.succeed(value))
      })
      return Effect.sync(() => waiting.delete(tell))
    }).pipe(Effect.catchAllDefect((cause) => Effect.fail(failed(step, path, cause))))

  const open = (path: string, flags: OpenFlag, mode = 0o644): Effect.Effect<Buffer, SshError, Scope.Scope> =>
    Effect.suspend(() => {
      let opened: Buffer | undefined
      let closed = false
      const close = (handle: Buffer) =>
        Effect.ignore(call<void>("close", path, (done) => sftp.close(handle, (error) => done(error, undefined))))
      const release = Effect.suspend(() => {
        closed = true
        return opened === undefined ? Effect.void : bounded.within(close(opened), "5 seconds")
      })
      return Effect.zipRight(
        Effect.addFinalizer(() => release),
        call<Buffer>("open", path, (done) =>
          sftp.open(path, flagsOf(flags), mode, (error, handle) => {
            // Nobody waits any more for what came late.
            if (closed && !error) return sftp.close(handle, () => {})
            opened = error ? undefined : handle
            return done(error, handle)
          }))
      )
    })

  const stat: SessionFiles["stat"] = (path) =>
    call<Stats>("stat", path, (done) => sftp.stat(path, done)).pipe(
      Effect.map((stats) => Option.some(statOf(stats))),
      Effect.catchIf(noSuchFile, () => Effect.succeedNone)
    )

  const makeDirectory: SessionFiles["makeDirectory"] = (path) =>
    Effect.flatMap(stat(path), (found) =>
      Option.isSome(found) && found.value.type === "directory"
        ? Effect.void
        : Effect.zipRight(
          path === posix.dirname(path) ? Effect.void : makeDirectory(posix.dirname(path)),
          // Another may make it meanwhile; the server then only says `Failure`.
          call<void>("mkdir", path, (done) => sftp.mkdir(path, (error) => done(error, undefined))).pipe(
            Effect.catchAll((error) =>
              Effect.flatMap(stat(path), (now) =>
                Option.isSome(now) && now.value.type === "directory" ? Effect.void : Effect.fail(error))
            )
          )
        ))

  const readAt = (handle: Buffer, path: string, offset: number, length: number) =>
    // ssh2 refuses to read nothing.
    length === 0 ? Effect.succeed(new Uint8Array(0)) : call<Uint8Array>("read", path, (done) => {
      const buffer = Buffer.alloc(length)
      sftp.read(handle, buffer, 0, length, offset, (error, count) =>
        // The end of the file is an error code in SFTP, none for us.
        error !== undefined && error !== null && "code" in error && error.code === ssh2.utils.sftp.STATUS_CODE.EOF
          ? done(undefined, new Uint8Array(0))
          : done(error, buffer.subarray(0, count)))
    })

  /** A read may come short before the end of the file. */
  const readWhole = (handle: Buffer, path: string, offset: number): Effect.Effect<Uint8Array, SshError> => {
    const more = (have: Chunk.Chunk<Uint8Array>, size: number): Effect.Effect<Uint8Array, SshError> =>
      Effect.flatMap(
        readAt(handle, path, offset + size, chunkSize - size),
        (chunk) =>
          chunk.length === 0 || size + chunk.length === chunkSize
            ? Effect.succeed(Buffer.concat([...have, chunk]))
            : more(Chunk.append(have, chunk), size + chunk.length)
      )
    return more(Chunk.empty(), 0)
  }

  const files: SessionFiles = {
    stat,
    list: (path) =>
      Effect.map(
        call<ReadonlyArray<{ readonly filename: string }>>("list", path, (done) => sftp.readdir(path, done)),
        (entries) => entries.map((entry) => entry.filename).filter((name) => name !== "." && name !== "..").sort()
      ),
    makeDirectory,
    read: (path, offset, length) =>
      Effect.scoped(Effect.flatMap(open(path, "r"), (handle) => readAt(handle, path, offset, length))),
    readAll: (path, offset = 0) =>
      Stream.unwrapScoped(Effect.map(open(path, "r"), (handle) =>
        Stream.iterate(offset, (at) => at + chunkSize).pipe(
          Stream.mapEffect((at) => readWhole(handle, path, at), { concurrency: inFlight }),
          Stream.takeUntil((chunk) => chunk.length < chunkSize),
          Stream.filter((chunk) => chunk.length > 0)
        ))),
    write: (path, content, mode = 0o644) =>
      Effect.scoped(Effect.gen(function*() {
        const handle = yield* open(path, "w", mode)
        const written = yield* Ref.make(0)
        yield* content.pipe(
          Stream.mapEffect((chunk) =>
            Effect.map(Ref.getAndUpdate(written, (at) => at + chunk.length), (at) => ({ at, chunk }))
          ),
          Stream.mapEffect(({ at, chunk }) =>
            chunk.length === 0
              ? Effect.void
              : call<void>("write", path, (done) =>
                sftp.write(
                  handle,
                  Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length),
                  0,
                  chunk.length,
                  at,
                  (error) => done(error, undefined)
                )), { concurrency: inFlight }),
          Stream.runDrain
        )
        // The mode of an existing file is not touched by opening it.
        yield* call<void>("chmod", path, (done) => sftp.fchmod(handle, mode, (error) => done(error, undefined)))
      })),
    chmod: (path, mode) => call("chmod", path, (done) => sftp.chmod(path, mode, (error) => done(error, undefined))),
    rename: (from, to) =>
      call(
        "rename",
        `${from} to ${to}`,
        (done) => sftp.ext_openssh_rename(from, to, (error) => done(error, undefined))
      ),
    removeFile: (path) =>
      call<void>("unlink", path, (done) => sftp.unlink(path, (error) => done(error, undefined))).pipe(
        Effect.catchIf(noSuchFile, () => Effect.void)
      ),
    calls: Calls.make({ sftp, call, open, readAt }),
    // An SshError is that of the link.
    over: Effect.sync(() => over !== undefined && !(over instanceof SshError))
  }

  return {
    files,
    end: () => {
      forget()
      sftp.end()
    }
  }
}
