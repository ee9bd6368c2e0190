/**
 * A transfer by SFTP alone, for hosts without tar or find: whole files, with their modes. Links are followed, times are not
 * kept, names are UTF-8, nothing is compared.
 *
 * @since 0.1.0
 */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import type { FileTransferError } from "../services/FileTransferError.ts"
import type { SshError } from "../services/SshError.ts"
import { join, parent, type Tree, walk } from "./fileTree.ts"
import type { Rules } from "./transferIgnore.ts"
import type { Listener } from "./transferSend.ts"
import * as transferTree from "./transferTree.ts"

type Failure = SshError | FileTransferError

/** @internal */
export interface Job {
  readonly from: Tree<Failure>
  readonly source: string
  readonly to: Tree<Failure>
  readonly target: string
  readonly kinds: ReadonlyArray<"file" | "directory">
  readonly rules: Rules
  readonly concurrency: number
  readonly listener: Listener
  readonly fail: (reason: "Missing" | "NotAFile", detail: string, hint?: string) => FileTransferError
}

const permissions = (mode: number): number => mode & 0o777

const copyOne = Effect.fnUntraced(function*(job: Job, source: string, target: string, mode: number) {
  const token = yield* Random.nextIntBetween(0, Number.MAX_SAFE_INTEGER)
  const temporary = join(parent(target), `.lazycluster-${token.toString(36)}`)
  const content = Stream.tap(job.from.read(source), (chunk) => job.listener.sent(0, chunk.length))
  yield* job.to.write(temporary, content, permissions(mode)).pipe(
    Effect.zipRight(job.to.rename(temporary, target)),
    Effect.onError(() => Effect.ignore(job.to.removeFile(temporary)))
  )
  yield* job.listener.sent(1, 0)
})

const copyFile = Effect.fnUntraced(function*(job: Job, mode: number) {
  const there = yield* job.to.stat(job.target)
  const into = job.target.endsWith("/") || Option.exists(there, (stat) => stat.type === "directory")
  const target = into ? join(job.target, job.source.slice(job.source.lastIndexOf("/") + 1)) : job.target
  yield* job.to.makeDirectory(parent(target))
  yield* copyOne(job, job.source, target, mode)
  return []
})

const copyDirectory = Effect.fnUntraced(function*(job: Job, mode: number) {
  const { concurrency } = job
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
  const excludes = (path: string, directory: boolean): boolean =>
    path.split("/").at(-1) === transferTree.keep || job.rules.excludes(path, directory)
  yield* walk(job.from, job.source, { mode, concurrency, enter, excludes }).pipe(
    Stream.mapEffect((entry) => {
      const stat = Option.filter(entry.stat, (stat) => stat.type === "file")
      return Option.isNone(stat)
        ? Ref.update(skipped, Chunk.append(entry.path))
        : copyOne(job, join(job.source, entry.path), below(entry.path), stat.value.mode)
    }, { concurrency, unordered: true }),
    Stream.runDrain
  )
  // Last, and the deepest first: nothing could be written into a directory that is read-only.
  yield* Effect.forEach(
    Chunk.reverse(yield* Ref.get(made)),
    ([path, mode]) => job.to.chmod(path, permissions(mode)),
    { discard: true }
  )
  return Chunk.toArray(yield* Ref.get(skipped)).sort()
})

/**
 * Copies; gives the paths of what it left out.
 *
 * @internal
 */
export const copy = Effect.fnUntraced(function*(job: Job) {
  const stat = yield* job.from.stat(job.source)
  if (Option.isNone(stat)) {
    return yield* job.fail("Missing", "there is nothing at that path", "check the path; links must point at something")
  }
  switch (job.kinds.find((kind) => kind === stat.value.type)) {
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
