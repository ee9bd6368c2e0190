/**
 * One shape for files of a host and of this machine, so that a copy is written once and goes both ways.
 *
 * @since 0.1.0
 */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { realpath } from "node:fs/promises"
import type { Files, FileStat } from "../services/SshConnection.ts"
import * as managerFiles from "./managerFiles.ts"

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

/**
 * Files of this machine.
 *
 * @internal
 */
export const ofManager = <E>(toError: (cause: unknown) => E): Tree<E> => {
  const files = managerFiles.make("/")
  const map = Effect.mapError(toError)
  return {
    stat: (path) => map(files.stat(path)),
    list: (path) => map(files.list(path)),
    identity: (path) => Effect.tryPromise({ try: () => realpath(path), catch: toError }),
    makeDirectory: (path) => map(files.makeDirectory(path)),
    read: (path) => Stream.mapError(files.readAll(path), toError),
    write: (path, content, mode) => writeFile(files, toError, path, content, mode),
    chmod: (path, mode) => map(files.chmod(path, mode)),
    rename: (from, to) => map(files.rename(from, to)),
    removeFile: (path) => map(files.removeFile(path))
  }
}

/** What the content fails with stays as it is. */
const writeFile = <E, E1>(
  files: Files,
  toError: (cause: unknown) => E,
  path: string,
  content: Stream.Stream<Uint8Array, E1>,
  mode: number
): Effect.Effect<void, E | E1> =>
  files.write(path, Stream.mapError(content, (error) => new OfContent(error)), mode).pipe(
    Effect.mapError((error) => error instanceof OfContent ? error.error : toError(error))
  )

class OfContent<out E1> {
  readonly error: E1
  constructor(error: E1) {
    this.error = error
  }
}

/** @internal */
export interface Entry {
  /** Below the root, without a leading slash; empty for the root itself. */
  readonly path: string
  readonly stat: Option.Option<FileStat>
}

const isDirectory = (entry: Entry): boolean => Option.exists(entry.stat, (stat) => stat.type === "directory")

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
    readonly excludes: (path: string, directory: boolean) => boolean
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
    const included = entries.filter((entry) => !options.excludes(entry.path, isDirectory(entry)))
    return {
      entries: included.filter((entry) => !isDirectory(entry)),
      below: included.filter(isDirectory).map((entry): Level => ({
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
