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
import { dirname, join, resolve } from "node:path"
import { manager } from "../services/Host.ts"
import type { Files, FileStat } from "../services/SshConnection.ts"
import { SshError } from "../services/SshError.ts"
import { calls } from "./managerFileCalls.ts"

/** Node names the path of some errors only. */
const detailOf = (path: string, cause: unknown): string => {
  const said = cause instanceof Error ? cause.message : String(cause)
  return said.includes(path) ? said : `${path}: ${said}`
}

const transferError = (step: string, path: string) => (cause: unknown): SshError =>
  new SshError({
    reason: "Transfer",
    host: manager.alias,
    step: `files.${step}`,
    detail: detailOf(path, cause),
    cause
  })

const attempt = <A>(step: string, path: string, work: () => Promise<A>): Effect.Effect<A, SshError> =>
  Effect.tryPromise({ try: work, catch: transferError(step, path) })

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
    attempt("read", path, () => fs.open(path, "r")),
    (handle) =>
      attempt("read", path, () => handle.read(Buffer.alloc(length), 0, length, offset)).pipe(
        Effect.map(({ buffer, bytesRead }) => buffer.subarray(0, bytesRead))
      ),
    (handle) => Effect.promise(() => handle.close())
  )

/** Written beside the target and moved over it: nobody sees half a file, and a failure leaves the old one. */
const write: (home: string) => Files["write"] = (home) =>
  Effect.fnUntraced(function*(path, content, mode = 0o644) {
    const target = resolve(home, path)
    // No longer than any name may be.
    const beside = join(dirname(target), `.${(yield* Random.nextIntBetween(0, 2 ** 47)).toString(36)}.part`)
    const written = Effect.acquireUseRelease(
      attempt("write", target, () => fs.open(beside, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600)),
      (handle) =>
        Stream.runForEach(content, (chunk) => attempt("write", target, () => handle.writeFile(chunk))).pipe(
          Effect.zipRight(attempt("write", target, () => handle.chmod(mode)))
        ),
      (handle) => Effect.promise(() => handle.close())
    )
    yield* written.pipe(
      Effect.zipRight(attempt("write", target, () => fs.rename(beside, target))),
      Effect.onError(() => Effect.ignore(attempt("write", target, () => fs.rm(beside, { force: true }))))
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
      attempt("stat", path, () => fs.stat(at(path))).pipe(
        Effect.map((stats) => Option.some(statOf(stats))),
        Effect.catchIf(nothingThere, () => Effect.succeedNone)
      ),
    list: (path) => attempt("list", path, () => fs.readdir(at(path))).pipe(Effect.map((names) => names.toSorted())),
    makeDirectory: (path) =>
      Effect.asVoid(attempt("makeDirectory", path, () => fs.mkdir(at(path), { recursive: true }))),
    read: (path, offset, length) => read(at(path), offset, length),
    readAll: (path, offset = 0) =>
      NodeStream.fromReadable<SshError, Uint8Array>(
        () => createReadStream(at(path), { start: offset }),
        transferError("readAll", path)
      ),
    write: write(home),
    chmod: (path, mode) => attempt("chmod", path, () => fs.chmod(at(path), mode)),
    rename: (from, to) => attempt("rename", `${from} to ${to}`, () => fs.rename(at(from), at(to))),
    removeFile: (path) =>
      attempt("removeFile", path, () => fs.unlink(at(path))).pipe(Effect.catchIf(nothingThere, () => Effect.void)),
    calls
  }
}
