/**
 * What SFTP says about files and failures.
 *
 * @since 0.1.0
 */
import * as fs from "node:fs"
import type { Attributes } from "ssh2"

/**
 * A failure of a file operation.
 *
 * @internal
 */
export type Failure = NodeJS.ErrnoException

const texts: Readonly<Record<number, string>> = {
  0: "Success",
  1: "End of file",
  2: "No such file",
  3: "Permission denied",
  4: "Failure",
  5: "Bad message",
  8: "Operation unsupported"
}

/**
 * Status codes and what sftp-server says with them.
 *
 * @internal
 */
export const Status = {
  endOfFile: 1,
  failure: 4,
  unsupported: 8,
  text: (code: number): string => texts[code] ?? "Failure"
}

const codes: Readonly<Record<string, number>> = {
  ENOENT: 2,
  ENOTDIR: 2,
  EBADF: 2,
  ELOOP: 2,
  EPERM: 3,
  EACCES: 3,
  EFAULT: 3,
  ENAMETOOLONG: 5,
  EINVAL: 5,
  ENOSYS: 8
}

/**
 * The status code of an error, as sftp-server maps it; success without one.
 *
 * @internal
 */
export const statusOf = (error: Failure | null | undefined): number =>
  error === null || error === undefined ? 0 : codes[error.code ?? ""] ?? Status.failure

/**
 * The flags of `open` for those of a request.
 *
 * @internal
 */
export const toOpenFlags = (flags: number): number => {
  const { O_APPEND, O_CREAT, O_EXCL, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY } = fs.constants
  const access = (flags & 3) === 3 ? O_RDWR : (flags & 2) === 2 ? O_WRONLY : O_RDONLY
  return access |
    ((flags & 4) === 0 ? 0 : O_APPEND) |
    ((flags & 8) === 0 ? 0 : O_CREAT) |
    ((flags & 16) === 0 ? 0 : O_TRUNC) |
    ((flags & 32) === 0 ? 0 : O_EXCL)
}

/**
 * What is told of a file.
 *
 * @internal
 */
export const toAttributes = (stats: fs.Stats): Attributes => ({
  mode: stats.mode,
  uid: stats.uid,
  gid: stats.gid,
  size: stats.size,
  atime: Math.floor(stats.atimeMs / 1000),
  mtime: Math.floor(stats.mtimeMs / 1000)
})

const kinds: Readonly<Record<number, string>> = {
  [fs.constants.S_IFDIR]: "d",
  [fs.constants.S_IFLNK]: "l",
  [fs.constants.S_IFIFO]: "p",
  [fs.constants.S_IFSOCK]: "s",
  [fs.constants.S_IFCHR]: "c",
  [fs.constants.S_IFBLK]: "b"
}

const permissions = (mode: number): string =>
  [6, 3, 0].map((shift) =>
    ["r", "w", "x"].map((letter, bit) => (mode >> shift & 4 >> bit) === 0 ? "-" : letter).join("")
  ).join("")

/**
 * A line of `ls -l`.
 *
 * @internal
 */
export const longName = (name: string, stats: fs.Stats): string => {
  const when = stats.mtime.toString().slice(4, 21)
  const parts = [
    `${kinds[stats.mode & fs.constants.S_IFMT] ?? "-"}${permissions(stats.mode)}`,
    String(stats.nlink).padStart(4),
    String(stats.uid).padEnd(8),
    String(stats.gid).padEnd(8),
    String(stats.size).padStart(8),
    `${when.slice(0, 6)} ${when.slice(12)}`,
    name
  ]
  return parts.join(" ")
}
