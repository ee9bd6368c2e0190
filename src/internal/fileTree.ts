/**
 * One shape for files of a host and of this machine, so that a copy is written once and goes both ways.
 *
 * @since 0.1.0
 */
import { type PlatformError } from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import type { Files, FileStat } from "../services/SshConnection.ts"

/** @internal */
export interface Tree<E> {
  readonly stat: (path: string) => Effect.Effect<Option.Option<FileStat>, E>
  readonly list: (path: string) => Effect.Effect<ReadonlyArray<string>, E>
  /** Where a path really is; two names of one directory give the same. */
  readonly identity: (path: string) => Effect.Effect<string, E>
  readonly makeDirectory: (path: string) => Effect.Effect<void, E>
  readonly read: (path: string) => Stream.Stream<Uint8Array, E>
  readonly write: <E1>(
    path: string,
    content: Stream.Stream<Uint8Array, E1>,
    mode: number
  ) => Effect.Effect<void, E | E1>
  readonly chmod: (path: string, mode: number) => Effect.Effect<void, E>
  readonly rename: (from: string, to: string) => Effect.Effect<void, E>
  readonly removeFile: (path: string) => Effect.Effect<void, E>
}

/**
 * Files of a host. They cannot tell where a link points, so only the depth bounds a loop.
 *
 * @internal
 */
export const ofHost = (files: Files): Tree<Effect.Effect.Error<ReturnType<Files["stat"]>>> => ({
  stat: files.stat,
  list: files.list,
  identity: Effect.succeed,
  makeDirectory: files.makeDirectory,
  read: (path) => files.readAll(path),
  write: files.write,
  chmod: files.chmod,
  rename: files.rename,
  removeFile: files.removeFile
})

const statOf = (info: FileSystem.File.Info): FileStat => ({
  type: info.type === "File" ? "file" : info.type === "Directory" ? "directory" : "other",
  size: Number(info.size),
  mode: info.mode & 0o7777,
  modified: Option.match(info.mtime, { onNone: () => 0, onSome: (time) => Math.floor(time.getTime() / 1000) })
})

/**
 * Files of this machine.
 *
 * @internal
 */
export const ofManager = <E>(fs: FileSystem.FileSystem, toError: (error: PlatformError) => E): Tree<E> => ({
  stat: (path) =>
    fs.stat(path).pipe(
      Effect.map((info) => Option.some(statOf(info))),
      Effect.catchTag(
        "SystemError",
        (error) => error.reason === "NotFound" ? Effect.succeed(Option.none<FileStat>()) : Effect.fail(error)
      ),
      Effect.mapError(toError)
    ),
  list: (path) => Effect.mapBoth(fs.readDirectory(path), { onSuccess: (names) => names.sort(), onFailure: toError }),
  identity: (path) => Effect.mapError(fs.realPath(path), toError),
  makeDirectory: (path) => Effect.mapError(fs.makeDirectory(path, { recursive: true }), toError),
  read: (path) => Stream.mapError(fs.stream(path), toError),
  // Readable by others only once it is whole, and then no matter what the umask is.
  write: (path, content, mode) =>
    Stream.run(content, fs.sink(path, { flag: "wx", mode: 0o600 }).pipe(Sink.mapError(toError))).pipe(
      Effect.zipRight(Effect.mapError(fs.chmod(path, mode), toError))
    ),
  chmod: (path, mode) => Effect.mapError(fs.chmod(path, mode), toError),
  rename: (from, to) => Effect.mapError(fs.rename(from, to), toError),
  removeFile: (path) => Effect.mapError(fs.remove(path, { force: true }), toError)
})

/** @internal */
export interface Entry {
  /** Below the root, without a leading slash; empty for the root itself. */
  readonly path: string
  readonly stat: Option.Option<FileStat>
}

/** Deeper than any tree that is meant; a link to its own parent is deeper. */
const deepest = 60

interface Level {
  readonly path: string
  readonly mode: number
  readonly above: ReadonlyArray<string>
}

/**
 * Everything in a directory but the directories, which `enter` hears of before anything in them. A link to a directory
 * above itself is given as an entry and not entered.
 *
 * @internal
 */
export const walk = <E, E1>(
  tree: Tree<E>,
  root: string,
  options: {
    readonly mode: number
    readonly concurrency: number
    readonly enter: (path: string, mode: number) => Effect.Effect<void, E1>
  }
): Stream.Stream<Entry, E | E1> => {
  const full = (path: string): string => path === "" ? root : join(root, path)
  const visit = Effect.fnUntraced(function*(level: Level) {
    const identity = yield* tree.identity(full(level.path))
    if (level.above.includes(identity) || level.above.length > deepest) {
      return { entries: [{ path: level.path, stat: Option.none<FileStat>() }], below: [] }
    }
    yield* options.enter(level.path, level.mode)
    const names = yield* tree.list(full(level.path))
    const entries = yield* Effect.forEach(names, (name) => {
      const path = level.path === "" ? name : `${level.path}/${name}`
      return Effect.map(tree.stat(full(path)), (stat): Entry => ({ path, stat }))
    }, { concurrency: options.concurrency })
    const above = [...level.above, identity]
    const isDirectory = (entry: Entry): boolean => Option.exists(entry.stat, (stat) => stat.type === "directory")
    return {
      entries: entries.filter((entry) => !isDirectory(entry)),
      below: entries.filter(isDirectory).map((entry): Level => ({
        path: entry.path,
        mode: Option.match(entry.stat, { onNone: () => 0o755, onSome: (stat) => stat.mode }),
        above
      }))
    }
  })
  const first: ReadonlyArray<Level> = [{ path: "", mode: options.mode, above: [] }]
  return Stream.paginateChunkEffect(first, ([level, ...waiting]) =>
    level === undefined
      ? Effect.succeed([Chunk.empty<Entry>(), Option.none<ReadonlyArray<Level>>()] as const)
      : Effect.map(visit(level), ({ below, entries }) => {
        const next = [...below, ...waiting]
        return [Chunk.fromIterable<Entry>(entries), next.length === 0 ? Option.none() : Option.some(next)] as const
      }))
}

/** @internal */
export const join = (directory: string, name: string): string =>
  directory.endsWith("/") ? `${directory}${name}` : `${directory}/${name}`

/** @internal */
export const parent = (path: string): string => {
  const slash = path.lastIndexOf("/")
  return slash < 0 ? "." : slash === 0 ? "/" : path.slice(0, slash)
}
