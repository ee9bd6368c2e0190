/**
 * File operations that take a program on the host: what would be many requests of a session for files is one there.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { FileCalls, FileRequests } from "../services/FileCalls.ts"
import type { Program, SshConnection } from "../services/SshConnection.ts"
import { SshError } from "../services/SshError.ts"
import { load } from "./programs.ts"
import * as watchByLooking from "./watchByLooking.ts"

/** What a program may say before it is no answer any more. */
const mostSaid = 4096

/**
 * The operations of a session, and those that `exec` runs a program for.
 *
 * @internal
 */
export const make = (host: string, requests: FileRequests, exec: SshConnection["exec"]): FileCalls => {
  const refuse = (step: string, path: string, code: string | undefined, detail: string) =>
    new SshError({
      reason: "Transfer",
      host,
      step: `files.${step}`,
      detail: `${path}: ${detail}`,
      ...(code === undefined ? {} : { code })
    })
  const start = (words: ReadonlyArray<string>) =>
    Effect.flatMap(load("files", "sh"), (program: Program) => exec({ program, words }))

  const run = Effect.fnUntraced(function*(step: string, path: string, words: ReadonlyArray<string>) {
    const process = yield* start(words)
    const [said] = yield* Effect.all([
      Stream.runFold(Stream.decodeText(process.stdout), "", (all, text) => (all + text).slice(0, mostSaid)),
      Stream.runDrain(process.stderr)
    ], { concurrency: 2 })
    const { code } = yield* process.exit
    if (code === 0) return
    const [, name = "-", why = `exited with ${code}`] = /^([A-Z_]+|-) (.*)/s.exec(said.trim()) ?? []
    return yield* refuse(step, path, name === "-" ? undefined : name, why)
  }, Effect.scoped)

  /** What is not there may have a file above it. */
  const notThere = (path: string, error: SshError) =>
    error.code === "ENOENT" ? Effect.zipRight(requests.info(path), Effect.fail(error)) : Effect.fail(error)

  const remove: FileCalls["remove"] = (path, { force, recursive }) =>
    (recursive
      ? Effect.catchAll(run("remove", path, ["remove", path]), (error) => notThere(path, error))
      : Effect.mapError(
        requests.unlink(path),
        (error) => error.code === "EISDIR" ? refuse("remove", path, "ERR_FS_EISDIR", "is a directory") : error
      )).pipe(Effect.catchIf((error) => force && error.code === "ENOENT", () => Effect.void))

  return {
    ...requests,
    access: (path, { readable, writable }) =>
      Effect.zipRight(
        requests.info(path),
        readable || writable
          ? run("access", path, ["access", path, readable ? "r" : "-", writable ? "w" : "-"])
          : Effect.void
      ),
    remove,
    copy: (from, to, { overwrite, preserveTimestamps }) =>
      Effect.catchAll(
        run("copy", from, ["copy", from, to, overwrite ? "overwrite" : "-", preserveTimestamps ? "times" : "-"]),
        (error) => notThere(from, error)
      ),
    copyFile: (from, to) =>
      Effect.catchAll(run("copyFile", from, ["file", from, to]), (error) => notThere(from, error)),
    watch: (path, { recursive }) => watchByLooking.watch(requests, path, recursive)
  }
}
