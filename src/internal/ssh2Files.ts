/**
 * Files of a host over SFTP.
 *
 * @since 0.1.0
 */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import { posix } from "node:path"
import ssh2, { type SFTPWrapper, type Stats } from "ssh2"
import type { Files, FileStat } from "../services/SshConnection.ts"
import type { SshError } from "../services/SshError.ts"
import { transferError } from "./ssh2Errors.ts"

/** One request, split by ssh2 to what the server takes; so many are under way at a time. */
const chunkSize = 256 * 1024
const inFlight = 8

type Done<A> = (error: Error | undefined | null, value: A) => void

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
 * The files behind one SFTP session.
 *
 * @internal
 */
export const make = (host: string, sftp: SFTPWrapper): Files => {
  const call = <A>(step: string, path: string, run: (done: Done<A>) => void): Effect.Effect<A, SshError> =>
    Effect.async<A, SshError>((resume) => {
      const fail = (cause: unknown) => resume(Effect.fail(transferError(host, `sftp.${step}`, path, cause)))
      const over = () => fail(new Error("the session has ended"))
      sftp.once("close", over)
      const done: Done<A> = (error, value) => {
        sftp.removeListener("close", over)
        return error ? fail(error) : resume(Effect.succeed(value))
      }
      run(done)
    }).pipe(Effect.catchAllDefect((cause) => Effect.fail(transferError(host, `sftp.${step}`, path, cause))))
  const open = (path: string, flags: "r" | "w", mode = 0o644) =>
    Effect.acquireRelease(
      call<Buffer>("open", path, (done) => sftp.open(path, flags, mode, done)),
      (handle) =>
        Effect.ignore(call<void>("close", path, (done) => sftp.close(handle, (error) => done(error, undefined))))
    )

  const stat: Files["stat"] = (path) =>
    call<Stats>("stat", path, (done) => sftp.stat(path, done)).pipe(
      Effect.map((stats) => Option.some(statOf(stats))),
      Effect.catchIf(noSuchFile, () => Effect.succeed(Option.none()))
    )

  const makeDirectory: Files["makeDirectory"] = (path) =>
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
    call<Uint8Array>("read", path, (done) => {
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

  return {
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
      )
  }
}
