/**
 * The files of the machine that runs this program.
 *
 * @since 0.1.0
 */
import * as NodeStream from "@effect/platform-node/NodeStream"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Stream from "effect/Stream"
import { constants, createReadStream, type Stats } from "node:fs"
import * as fs from "node:fs/promises"
import { resolve } from "node:path"
import { manager } from "../services/Host.ts"
import type { Files, FileStat } from "../services/SshConnection.ts"
import { SshError } from "../services/SshError.ts"
import { calls } from "./managerFileCalls.ts"

const transferError = (step: string) => (cause: unknown): SshError =>
  new SshError({
    reason: "Transfer",
    host: manager.alias,
    step: `files.${step}`,
    detail: cause instanceof Error ? cause.message : String(cause),
    cause
  })

const attempt = <A>(step: string, work: () => Promise<A>): Effect.Effect<A, SshError> =>
  Effect.tryPromise({ try: work, catch: transferError(step) })

const nothingThere = (error: SshError): boolean =>
  error.cause instanceof Error && "code" in error.cause &&
  (error.cause.code === "ENOENT" || error.cause.code === "ENOTDIR")

const statOf = (stats: Stats): FileStat => ({
  type: stats.isFile() ? "file" : stats.isDirectory() ? "directory" : stats.isSymbolicLink() ? "link" : "other",
  size: stats.size,
  mode: stats.mode & 0o7777,
  modified: Math.floor(stats.mtimeMs / 1000)
})

const read = (path: string, offset: number, length: number): Effect.Effect<Uint8Array, SshError> =>
  Effect.acquireUseRelease(
    attempt("read", () => fs.open(path, "r")),
    (handle) =>
      attempt("read", () => handle.read(Buffer.alloc(length), 0, length, offset)).pipe(
        Effect.map(({ buffer, bytesRead }) => buffer.subarray(0, bytesRead))
      ),
    (handle) => Effect.promise(() => handle.close())
  )

/** Written beside the target and moved over it: nobody sees half a file, and a failure leaves the old one. */
const write: (home: string) => Files["write"] = (home) =>
  Effect.fnUntraced(function*(path, content, mode = 0o644) {
    const target = resolve(home, path)
    const beside = `${target}.${(yield* Random.nextIntBetween(0, 2 ** 47)).toString(36)}.part`
    const written = Effect.acquireUseRelease(
      attempt("write", () => fs.open(beside, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600)),
      (handle) =>
        Stream.runForEach(content, (chunk) => attempt("write", () => handle.writeFile(chunk))).pipe(
          Effect.zipRight(attempt("write", () => handle.chmod(mode)))
        ),
      (handle) => Effect.promise(() => handle.close())
    )
    yield* written.pipe(
      Effect.zipRight(attempt("write", () => fs.rename(beside, target))),
      Effect.onError(() => Effect.ignore(attempt("write", () => fs.rm(beside, { force: true }))))
    )
  })

/**
 * Files with relative paths below a home directory.
 *
 * @internal
 */
export const make = (home: string): Files => {
  const at = (path: string) => resolve(home, path)
  return {
    stat: (path) =>
      attempt("stat", () => fs.stat(at(path))).pipe(
        Effect.map((stats) => Option.some(statOf(stats))),
        Effect.catchIf(nothingThere, () => Effect.succeedNone)
      ),
    list: (path) => attempt("list", () => fs.readdir(at(path))).pipe(Effect.map((names) => names.toSorted())),
    makeDirectory: (path) => Effect.asVoid(attempt("makeDirectory", () => fs.mkdir(at(path), { recursive: true }))),
    read: (path, offset, length) => read(at(path), offset, length),
    readAll: (path, offset = 0) =>
      NodeStream.fromReadable<SshError, Uint8Array>(
        () => createReadStream(at(path), { start: offset }),
        transferError("readAll")
      ),
    write: write(home),
    chmod: (path, mode) => attempt("chmod", () => fs.chmod(at(path), mode)),
    rename: (from, to) => attempt("rename", () => fs.rename(at(from), at(to))),
    removeFile: (path) =>
      attempt("removeFile", () => fs.unlink(at(path))).pipe(Effect.catchIf(nothingThere, () => Effect.void)),
    calls
  }
}
