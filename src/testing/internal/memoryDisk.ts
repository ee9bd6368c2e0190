/**
 * The disk of a host in memory, as a kernel sees it: inodes, names for them, and links that are followed. What it refuses it
 * says with the code of the system call.
 *
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import { constVoid } from "effect/Function"
import { posix } from "node:path"

/** @internal */
export type Code =
  | "EACCES"
  | "EBADF"
  | "EBUSY"
  | "EEXIST"
  | "EINVAL"
  | "EISDIR"
  | "ELOOP"
  | "ENOENT"
  | "ENOSPC"
  | "ENOTDIR"
  | "ENOTEMPTY"
  | "ENXIO"
  | "EPERM"
  | "ERR_FS_CP_DIR_TO_NON_DIR"
  | "ERR_FS_CP_EINVAL"
  | "ERR_FS_CP_NON_DIR_TO_DIR"
  | "ERR_FS_EISDIR"

/** @internal */
export type Result<A> = Either.Either<A, Code>

/**
 * Whatever came out of it.
 *
 * @internal
 */
export const done = <A>(result: Result<A>): Result<void> => Either.map(result, constVoid)

interface Common {
  readonly number: number
  mode: number
  user: number
  group: number
  /** Milliseconds since 1970. */
  accessed: number
  modified: number
  readonly born: number
  names: number
}
/** @internal */
export type Directory = Common & { readonly _tag: "Directory"; readonly entries: Map<string, Inode> }
/** @internal */
export type File = Common & { readonly _tag: "File"; bytes: Uint8Array }
/** @internal */
export type Inode =
  | Directory
  | File
  | (Common & { readonly _tag: "Link"; readonly target: string })
  /** What `bind` makes; it stays when nobody listens any more. */
  | (Common & { readonly _tag: "Socket" })

/** Where a path leads: its directory is there. */
interface Place {
  readonly parent: Directory
  readonly name: string
  readonly node: Inode | undefined
  readonly real: string
}

/** @internal */
export interface Disk {
  readonly find: (path: string, follow: boolean) => Result<Place>
  /** What is there. */
  readonly node: (path: string, follow?: boolean) => Result<Inode>
  readonly realPath: (path: string) => Result<string>
  readonly list: (path: string) => Result<ReadonlyArray<readonly [string, Inode]>>
  readonly makeDirectory: (path: string, mode: number, now: number) => Result<Directory>
  readonly makeSocket: (path: string, now: number) => Result<Inode>
  readonly open: (
    path: string,
    how: {
      readonly read: boolean
      readonly write: boolean
      readonly create: boolean
      readonly exclusive: boolean
      readonly truncate: boolean
    },
    mode: number,
    now: number
  ) => Result<Directory | File>
  readonly put: (file: File, bytes: Uint8Array, now: number) => Result<void>
  readonly rename: (from: string, to: string, now: number) => Result<void>
  readonly link: (existing: string, path: string, now: number) => Result<void>
  readonly symlink: (target: string, path: string, now: number) => Result<void>
  readonly unlink: (path: string, now: number) => Result<void>
  /** With all that is in it. */
  readonly remove: (path: string, now: number) => Result<void>
  /** Every path, sorted. */
  readonly paths: () => ReadonlyArray<string>
}

/** What Linux follows before it gives up. */
const mostLinks = 40
const withoutSlash = (path: string) => path === "" ? "" : path.replace(/\/+$/, "") || "/"
const lastIsDots = (path: string) => /(^|\/)\.\.?\/*$/.test(path)
/** The user of every host in memory. */
const user = 1000

/** @internal */
export const make = (isFull: () => boolean): Disk => {
  let numbers = 1
  const common = (mode: number, now: number): Common => ({
    number: numbers += 1,
    mode,
    user,
    group: user,
    accessed: now,
    modified: now,
    born: now,
    names: 1
  })
  const root: Directory = { ...common(0o755, 0), _tag: "Directory", entries: new Map() }
  const refuse = (code: Code): Result<never> => Either.left(code)
  const locked = (directory: Directory) => (directory.mode & 0o200) === 0

  const walk = (
    from: ReadonlyArray<readonly [string, Directory]>,
    parts: ReadonlyArray<string>,
    follow: boolean,
    left: number
  ): Result<Place> => {
    const [name, ...rest] = parts
    const [, parent] = from.at(-1) ?? ["", root]
    const real = `/${from.map(([name]) => name).join("/")}`
    if (name === undefined) {
      const above = from.at(-2)?.[1] ?? root
      return Either.right({ parent: above, name: from.at(-1)?.[0] ?? "", node: parent, real })
    }
    if (name === "" || name === ".") return walk(from, rest, follow, left)
    if (name === "..") return walk(from.slice(0, -1), rest, follow, left)
    const node = parent.entries.get(name)
    const last = rest.every((part) => part === "")
    if (node?._tag === "Link" && (follow || !last || rest.length > 0)) {
      if (left === 0) return refuse("ELOOP")
      return walk(node.target.startsWith("/") ? [] : from, [...node.target.split("/"), ...rest], follow, left - 1)
    }
    if (node?._tag === "Directory") return walk([...from, [name, node]], rest, follow, left)
    if (node === undefined ? !last : rest.length > 0) return refuse(node === undefined ? "ENOENT" : "ENOTDIR")
    return Either.right({ parent, name, node, real: posix.join(real, name) })
  }
  const find: Disk["find"] = (path, follow) =>
    path === "" ? refuse("ENOENT") : walk([], path.split("/"), follow, mostLinks)
  const node: Disk["node"] = (path, follow = true) =>
    Either.flatMap(find(path, follow), ({ node }) => node === undefined ? refuse("ENOENT") : Either.right(node))

  const enter = (parent: Directory, name: string, node: Inode, now: number): void => {
    parent.entries.set(name, node)
    parent.modified = now
  }
  const leave = (parent: Directory, name: string, now: number): void => {
    const node = parent.entries.get(name)
    if (node !== undefined) node.names -= 1
    parent.entries.delete(name)
    parent.modified = now
  }
  /** A new name, in a directory that takes it. Only a directory may be named with a slash at the end. */
  const add = <A extends Inode>(path: string, now: number, create: () => A, slash = false): Result<A> =>
    Either.flatMap(find(withoutSlash(path), false), ({ name, node, parent }) => {
      if (node !== undefined) return refuse("EEXIST")
      if (path.endsWith("/") && !slash) return refuse("ENOENT")
      if (locked(parent)) return refuse("EACCES")
      if (isFull()) return refuse("ENOSPC")
      const created = create()
      enter(parent, name, created, now)
      return Either.right(created)
    })
  const put: Disk["put"] = (file, bytes, now) => {
    // What needs no block more has its place.
    if (isFull() && bytes.length > file.bytes.length) return refuse("ENOSPC")
    file.bytes = bytes
    file.modified = now
    return Either.void
  }
  const below = (path: string, directory: Directory): ReadonlyArray<string> =>
    [...directory.entries].flatMap(([name, node]) => [
      `${path}/${name}`,
      ...(node._tag === "Directory" ? below(`${path}/${name}`, node) : [])
    ])

  return {
    find,
    node,
    put,
    realPath: (path) =>
      Either.flatMap(find(path, true), ({ node, real }) => node === undefined ? refuse("ENOENT") : Either.right(real)),
    list: (path) =>
      Either.flatMap(node(path), (found) =>
        found._tag !== "Directory"
          ? refuse("ENOTDIR")
          : (found.mode & 0o400) === 0
          ? refuse("EACCES")
          : Either.right([...found.entries].sort(([one], [other]) => one < other ? -1 : 1))),
    makeDirectory: (path, mode, now) =>
      add(path, now, () => ({ ...common(mode, now), _tag: "Directory", entries: new Map() }), true),
    makeSocket: (path, now) => add(path, now, () => ({ ...common(0o600, now), _tag: "Socket" })),
    open: (path, how, mode, now) =>
      Either.flatMap(find(path, !how.exclusive), ({ name, node, parent }): Result<Directory | File> => {
        if (node === undefined) {
          if (!how.create) return refuse("ENOENT")
          if (path.endsWith("/")) return refuse("EISDIR")
          if (locked(parent)) return refuse("EACCES")
          if (isFull()) return refuse("ENOSPC")
          const file: File = { ...common(mode, now), _tag: "File", bytes: new Uint8Array() }
          enter(parent, name, file, now)
          return Either.right(file)
        }
        if (how.exclusive) return refuse(path.endsWith("/") ? "EISDIR" : "EEXIST")
        if (node._tag === "Link") return refuse("ELOOP")
        if (node._tag === "Socket") return refuse("ENXIO")
        if (node._tag === "Directory" && (how.write || how.create)) return refuse("EISDIR")
        if ((how.read && (node.mode & 0o400) === 0) || (how.write && (node.mode & 0o200) === 0)) return refuse("EACCES")
        if (node._tag === "File" && how.truncate) put(node, new Uint8Array(), now)
        return Either.right(node)
      }),
    // In the order of Linux.
    rename: (from, to, now) =>
      Either.gen(function*() {
        const source = yield* find(withoutSlash(from), false)
        const target = yield* find(withoutSlash(to), false)
        if (lastIsDots(from) || lastIsDots(to)) return yield* refuse("EBUSY")
        if (source.node === undefined) return yield* refuse("ENOENT")
        if (source.node._tag !== "Directory" && (from.endsWith("/") || to.endsWith("/"))) {
          return yield* refuse("ENOTDIR")
        }
        if (target.real.startsWith(`${source.real}/`)) return yield* refuse("EINVAL")
        if (source.real.startsWith(`${target.real}/`)) return yield* refuse("ENOTEMPTY")
        if (source.node === target.node) return
        if (locked(source.parent) || locked(target.parent)) return yield* refuse("EACCES")
        if (target.node !== undefined && source.node._tag === "Directory") {
          if (target.node._tag !== "Directory") return yield* refuse("ENOTDIR")
          if (target.node.entries.size > 0) return yield* refuse("ENOTEMPTY")
        } else if (target.node?._tag === "Directory") return yield* refuse("EISDIR")
        if (target.node !== undefined) leave(target.parent, target.name, now)
        source.parent.entries.delete(source.name)
        source.parent.modified = now
        enter(target.parent, target.name, source.node, now)
      }),
    link: (existing, path, now) =>
      Either.flatMap(
        node(existing, false),
        (found) =>
          Either.flatMap(find(withoutSlash(path), false), (place) =>
            place.node !== undefined
              ? refuse("EEXIST")
              : path.endsWith("/")
              ? refuse("ENOENT")
              : found._tag === "Directory"
              ? refuse("EPERM")
              : done(add(path, now, () => {
                found.names += 1
                return found
              })))
      ),
    symlink: (target, path, now) => done(add(path, now, () => ({ ...common(0o777, now), _tag: "Link", target }))),
    unlink: (path, now) =>
      Either.flatMap(find(path, false), ({ name, node, parent }) => {
        if (node === undefined) return refuse("ENOENT")
        if (node._tag === "Directory") return refuse("EISDIR")
        if (locked(parent)) return refuse("EACCES")
        leave(parent, name, now)
        return Either.void
      }),
    remove: (path, now) =>
      Either.flatMap(find(path, false), ({ name, node, parent }) => {
        if (node === undefined) return refuse("ENOENT")
        if (locked(parent)) return refuse("EACCES")
        leave(parent, name, now)
        return Either.void
      }),
    paths: () => ["/", ...below("", root)].sort()
  }
}
