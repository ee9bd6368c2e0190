/**
 * What `files.sh` does on a host, in memory: to trees of files, in one go.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { posix } from "node:path"
import * as watchByLooking from "../../internal/watchByLooking.ts"
import type { FileCalls, FileRequests } from "../../services/FileCalls.ts"
import type { SshError } from "../../services/SshError.ts"
import { type Disk, done, type Inode, type Result } from "./memoryDisk.ts"
import type { MemoryHost } from "./memoryHost.ts"
import { bytesOf } from "./memoryPipe.ts"
import type { MemoryProcess } from "./memoryProcess.ts"
import type { Tree } from "./memoryTree.ts"

interface Copying {
  readonly overwrite: boolean
  readonly preserveTimestamps: boolean
}

const found = (disk: Disk, path: string): Inode | undefined => Either.getOrUndefined(disk.node(path, false))

const parents = (disk: Disk, path: string, now: number): Result<void> => {
  const above = posix.dirname(path)
  return Either.isRight(disk.node(above))
    ? Either.void
    : Either.flatMap(parents(disk, above, now), () => done(disk.makeDirectory(above, 0o755, now)))
}

/** The directory that is there, above what is not. */
const near = (disk: Disk, path: string): string =>
  Either.getOrElse(disk.realPath(path), () => near(disk, posix.dirname(path)))

/** A file in the place of another, or of nothing. */
const place = (disk: Disk, from: Inode, to: string, now: number, options: Copying): Result<void> => {
  const there = found(disk, to)
  if (from._tag === "Directory") {
    if (there !== undefined && there._tag !== "Directory") return Either.left("ERR_FS_CP_DIR_TO_NON_DIR")
    return Either.gen(function*() {
      const target = there?._tag === "Directory" ? there : yield* disk.makeDirectory(to, 0o700, now)
      for (const [name, node] of from.entries) yield* place(disk, node, `${to}/${name}`, now, options)
      target.mode = from.mode
      if (options.preserveTimestamps) target.modified = from.modified
    })
  }
  if (there?._tag === "Directory") return Either.left("ERR_FS_CP_NON_DIR_TO_DIR")
  if (there !== undefined && !options.overwrite) return Either.void
  return Either.gen(function*() {
    if (there !== undefined) yield* disk.unlink(to, now)
    if (from._tag === "Link") return yield* disk.symlink(from.target, to, now)
    if (from._tag === "Socket") return yield* Either.left("EINVAL" as const)
    if ((from.mode & 0o400) === 0) return yield* Either.left("EACCES" as const)
    const file = yield* disk.open(to, create, from.mode, now)
    if (file._tag === "File") yield* disk.put(file, from.bytes, now)
    if (options.preserveTimestamps) file.modified = from.modified
  })
}

const create = { read: false, write: true, create: true, exclusive: false, truncate: true }

const copy = (disk: Disk, from: string, to: string, now: number, options: Copying): Result<void> =>
  Either.gen(function*() {
    const source = yield* disk.node(from, false)
    const target = disk.find(to, false)
    if (Either.isLeft(target) && target.left !== "ENOENT") return yield* Either.left(target.left)
    if (source === found(disk, to)) return yield* Either.left("ERR_FS_CP_EINVAL" as const)
    const inside = `${yield* disk.realPath(from)}/`
    if (source._tag === "Directory" && `${near(disk, posix.dirname(to))}/`.startsWith(inside)) {
      return yield* Either.left("ERR_FS_CP_EINVAL" as const)
    }
    yield* parents(disk, to, now)
    return yield* place(disk, source, to, now, options)
  })

const copyFile = (disk: Disk, from: string, to: string, now: number): Result<void> =>
  Either.gen(function*() {
    const source = yield* disk.open(
      from,
      { ...create, read: true, write: false, create: false, truncate: false },
      0,
      now
    )
    if (source._tag === "Directory") return yield* Either.left("EISDIR" as const)
    const target = yield* disk.open(to, { ...create, truncate: false }, source.mode, now)
    if (target._tag === "Directory") return yield* Either.left("EISDIR" as const)
    if (target === source) return
    yield* disk.put(target, source.bytes, now)
    target.mode = source.mode
  })

/** A directory goes with what is in it, as far as that may be. */
const remove = (disk: Disk, path: string, now: number): Result<void> =>
  Either.flatMap(disk.node(path, false), (node) => {
    if (node._tag !== "Directory") return disk.unlink(path, now)
    if (/\/\.\.?\/*$/.test(path)) return Either.left("EINVAL")
    return Either.gen(function*() {
      for (const [name] of node.entries) yield* remove(disk, `${path}/${name}`, now)
      yield* disk.remove(path, now)
    })
  })

const accessible = (disk: Disk, path: string, bits: number): Result<void> =>
  Either.flatMap(disk.node(path), ({ mode }) => (mode & bits) === bits ? Either.void : Either.left("EACCES" as const))

/**
 * All operations: those of a kernel, and those of programs.
 *
 * @internal
 */
export const make = (tree: Tree, requests: FileRequests): FileCalls => ({
  ...requests,
  access: (path, { readable, writable }) =>
    tree.call("access", path, (disk) => accessible(disk, path, (readable ? 0o400 : 0) | (writable ? 0o200 : 0))),
  remove: (path, { force, recursive }) =>
    tree.call("remove", path, (disk, now) => {
      const node = found(disk, path)
      return node?._tag === "Directory" && !recursive ? Either.left("ERR_FS_EISDIR") : remove(disk, path, now)
    }).pipe(Effect.catchIf(({ code }) => force && code === "ENOENT", () => Effect.void)),
  copy: (from, to, options) => tree.call("copy", from, (disk, now) => copy(disk, from, to, now, options)),
  copyFile: (from, to) => tree.call("copyFile", from, (disk, now) => copyFile(disk, from, to, now)),
  watch: (path, { recursive }) => watchByLooking.watch(requests, path, recursive)
})

/**
 * The same as the program: words in, a code out.
 *
 * @internal
 */
export const answer = (
  { tree }: MemoryHost,
  process: MemoryProcess,
  [verb, path = "", second = "", third = "", fourth = ""]: ReadonlyArray<string>
): Effect.Effect<number> => {
  const act = (disk: Disk, now: number): Result<void> => {
    switch (verb) {
      case "access":
        return accessible(disk, path, (second === "r" ? 0o400 : 0) | (third === "w" ? 0o200 : 0))
      case "remove":
        return remove(disk, path, now)
      case "copy":
        return copy(disk, path, second, now, {
          overwrite: third === "overwrite",
          preserveTimestamps: fourth === "times"
        })
      case "file":
        return copyFile(disk, path, second, now)
      default:
        return Either.left("EINVAL")
    }
  }
  return tree.call(verb ?? "", path, act).pipe(
    Effect.as(0),
    Effect.catchAll((error: SshError) =>
      Effect.as(process.io.stdout(bytesOf(`${error.code ?? "-"} ${error.detail}\n`)), 1)
    )
  )
}
