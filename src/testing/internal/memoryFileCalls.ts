/**
 * The files of a host in memory one operation at a time, as its kernel does them.
 *
 * @since 0.1.0
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type { FileRequests, OpenFile } from "../../services/FileCalls.ts"
import type { SshError } from "../../services/SshError.ts"
import { done, type File, type Inode, type Result } from "./memoryDisk.ts"
import type { Tree } from "./memoryTree.ts"

const kinds = {
  Directory: { type: "Directory", bits: 0o040000 },
  File: { type: "File", bits: 0o100000 },
  Link: { type: "SymbolicLink", bits: 0o120000 },
  Socket: { type: "Socket", bits: 0o140000 }
} as const

const sizeOf = (node: Inode): number => node._tag === "File" ? node.bytes.length : node._tag === "Directory" ? 4096 : 0

const dateOf = (millis: number) => DateTime.toDateUtc(DateTime.unsafeMake(millis))

const infoOf = (node: Inode): FileSystem.File.Info => ({
  type: kinds[node._tag].type,
  mtime: Option.some(dateOf(node.modified)),
  atime: Option.some(dateOf(node.accessed)),
  birthtime: Option.some(dateOf(node.born)),
  dev: 1,
  ino: Option.some(node.number),
  mode: kinds[node._tag].bits | node.mode,
  nlink: Option.some(node._tag === "Directory" ? 2 : node.names),
  uid: Option.some(node.user),
  gid: Option.some(node.group),
  rdev: Option.some(0),
  size: FileSystem.Size(sizeOf(node)),
  blksize: Option.some(FileSystem.Size(4096)),
  blocks: Option.some(Math.ceil(sizeOf(node) / 512))
})

const resized = (bytes: Uint8Array, length: number): Uint8Array => {
  const next = new Uint8Array(length)
  next.set(bytes.subarray(0, length))
  return next
}

const fileOf = (node: Inode): Result<File> =>
  node._tag === "File" ? Either.right(node) : Either.left(node._tag === "Directory" ? "EISDIR" : "EINVAL")

/** Modes are those of a user whose umask is 022, as everywhere. */
const masked = (mode: number): number => mode & ~0o022 & 0o7777

/**
 * `way` is what each request takes first, with the bytes that it carries. `wrote` hears of what was open for writing once it is closed.
 *
 * @internal
 */
export const make = (
  tree: Tree,
  way: (bytes?: number) => Effect.Effect<void, SshError>,
  wrote: (path: string, bytes: number, mode: number) => Effect.Effect<void>
): FileRequests => {
  const request = <A>(step: string, path: string, act: Parameters<typeof tree.call<A>>[2], bytes = 0) =>
    Effect.zipRight(way(bytes), tree.call(step, path, act))

  const opened = (
    path: string,
    node: Inode,
    access: { readonly read: boolean; readonly write: boolean },
    append: boolean
  ): OpenFile => ({
    info: request("stat", path, () => Either.right(infoOf(node))),
    sync: way(),
    read: (offset, length) =>
      tree.call("read", path, () =>
        access.read
          ? Either.map(fileOf(node), ({ bytes }) => bytes.slice(offset, offset + length))
          : Either.left("EBADF" as const)).pipe(Effect.tap((bytes) => way(bytes.length))),
    write: (offset, chunk) =>
      request("write", path, (disk, now) => {
        if (!access.write) return Either.left("EBADF" as const)
        return Either.flatMap(fileOf(node), (file) => {
          const at = append ? file.bytes.length : offset
          const next = resized(file.bytes, Math.max(file.bytes.length, at + chunk.length))
          next.set(chunk, at)
          return disk.put(file, next, now)
        })
      }, chunk.length),
    truncate: (length) =>
      request("truncate", path, (disk, now) =>
        access.write
          ? Either.flatMap(fileOf(node), (file) => disk.put(file, resized(file.bytes, length), now))
          : Either.left("EINVAL" as const))
  })

  return {
    open: (path, flag, mode = 0o666) => {
      const access = { read: flag === "r" || flag.endsWith("+"), write: flag !== "r" }
      const opening = request("open", path, (disk, now) =>
        disk.open(
          path,
          {
            ...access,
            create: !flag.startsWith("r"),
            exclusive: flag.includes("x"),
            truncate: flag.startsWith("w")
          },
          masked(mode),
          now
        ))
      return Effect.map(
        access.write
          ? Effect.acquireRelease(opening, (node) => wrote(path, sizeOf(node), node.mode))
          : opening,
        (node) => opened(path, node, access, flag.startsWith("a"))
      )
    },
    info: (path) => request("stat", path, (disk) => Either.map(disk.node(path), infoOf)),
    entries: (path) =>
      request("list", path, (disk) =>
        Either.map(disk.list(path), (entries) =>
          entries.map(([name, node]) => ({
            name,
            directory: node._tag === "Directory",
            stamp: `${sizeOf(node)} ${node.modified}`
          })))),
    makeDirectory: (path, mode = 0o777) =>
      request("mkdir", path, (disk, now) => done(disk.makeDirectory(path, masked(mode), now))),
    unlink: (path) => request("unlink", path, (disk, now) => disk.unlink(path, now)),
    rename: (from, to) => request("rename", from, (disk, now) => disk.rename(from, to, now)),
    link: (existing, path) => request("link", existing, (disk, now) => disk.link(existing, path, now)),
    symlink: (target, path) => request("symlink", path, (disk, now) => disk.symlink(target, path, now)),
    readLink: (path) =>
      request("readlink", path, (disk) =>
        Either.flatMap(
          disk.node(path, false),
          (node) => node._tag === "Link" ? Either.right(node.target) : Either.left("EINVAL" as const)
        )),
    realPath: (path) => request("realpath", path, (disk) => disk.realPath(path)),
    chmod: (path, mode) =>
      request("chmod", path, (disk) =>
        Either.map(disk.node(path), (node) => {
          node.mode = mode & 0o7777
        })),
    // Who is not root gives nothing away.
    chown: (path, user, group) =>
      request(
        "chown",
        path,
        (disk) =>
          Either.flatMap(
            disk.node(path),
            (node) => node.user === user && node.group === group ? Either.void : Either.left("EPERM" as const)
          )
      ),
    utimes: (path, accessed, modified) =>
      request("utimes", path, (disk) =>
        Either.map(disk.node(path), (node) => {
          node.accessed = accessed * 1000
          node.modified = modified * 1000
        })),
    truncate: (path, length) =>
      request(
        "truncate",
        path,
        (disk, now) =>
          Either.flatMap(disk.node(path), (node) =>
            Either.flatMap(fileOf(node), (file) =>
              (file.mode & 0o200) === 0
                ? Either.left("EACCES" as const)
                : disk.put(file, resized(file.bytes, length), now)))
      )
  }
}
