/**
 * What SFTP says about files and failures.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as fs from "node:fs"
import { performance } from "node:perf_hooks"
import * as packets from "./sandboxSftpPacket.ts"

const codes = { endOfFile: 1, noSuchFile: 2, permissionDenied: 3, failure: 4, badMessage: 5, unsupported: 8 } as const

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
 * A request that is answered with a status other than success.
 *
 * @internal
 */
export class Refusal extends Data.TaggedError("Refusal")<{ readonly code: number }> {}

/**
 * The refusal of a name.
 *
 * @internal
 */
export const refuse = (reason: keyof typeof codes): Refusal => new Refusal({ code: codes[reason] })

const reasons: Readonly<Record<string, keyof typeof codes>> = {
  ENOENT: "noSuchFile",
  ENOTDIR: "noSuchFile",
  EBADF: "noSuchFile",
  ELOOP: "noSuchFile",
  EPERM: "permissionDenied",
  EACCES: "permissionDenied",
  EFAULT: "permissionDenied",
  ENAMETOOLONG: "badMessage",
  EINVAL: "badMessage",
  // What Node says of a name with a zero byte, and of numbers that are too large.
  ERR_INVALID_ARG_VALUE: "badMessage",
  ERR_OUT_OF_RANGE: "badMessage",
  ENOSYS: "unsupported"
}

/**
 * The refusal for an error of the file system, as sftp-server maps it.
 *
 * @internal
 */
export const refusalOf = (error: unknown): Refusal =>
  refuse(reasons[(error as NodeJS.ErrnoException | undefined)?.code ?? ""] ?? "failure")

/**
 * The answer without data.
 *
 * @internal
 */
export const status = (id: number, code: number): Buffer =>
  packets.packet(101, [
    packets.u32(id),
    packets.u32(code),
    packets.bytes(texts[code] ?? "Failure"),
    packets.bytes("")
  ])

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

/** Version 3 counts seconds in 32 bits. */
const seconds = (milliseconds: number): number => Math.min(Math.max(Math.floor(milliseconds / 1000), 0), 0xffffffff)

/**
 * What is told of a file.
 *
 * @internal
 */
export const attributes = (stats: fs.Stats): Buffer =>
  Buffer.concat([
    packets.u32(1 | 2 | 4 | 8),
    packets.u64(stats.size),
    ...[stats.uid, stats.gid, stats.mode, seconds(stats.atimeMs), seconds(stats.mtimeMs)].map(packets.u32)
  ])

/**
 * What is told of a file system.
 *
 * @internal
 */
export const fileSystem = (stats: fs.BigIntStatsFs): Buffer =>
  // Node tells neither the size of a fragment, nor an id, nor flags, nor the longest name.
  Buffer.concat(
    [
      stats.bsize,
      stats.bsize,
      stats.blocks,
      stats.bfree,
      stats.bavail,
      stats.files,
      stats.ffree,
      stats.ffree,
      0n,
      0n,
      255n
    ].map(packets.u64)
  )

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
export const longName = (name: Buffer, stats: fs.Stats): Buffer => {
  // As `ls` and sftp-server do: the year of what is older than half a year, or of the future.
  const age = performance.timeOrigin + performance.now() - stats.mtimeMs
  const recent = age >= 0 && age < 365 / 2 * 86_400_000
  const [month, day, year, time = ""] = stats.mtime.toString().split(" ").slice(1)
  const parts = [
    `${kinds[stats.mode & fs.constants.S_IFMT] ?? "-"}${permissions(stats.mode)}`,
    String(stats.nlink).padStart(4),
    String(stats.uid).padEnd(8),
    String(stats.gid).padEnd(8),
    String(stats.size).padStart(8),
    `${month} ${day?.replace(/^0/, " ")} ${recent ? time.slice(0, 5) : ` ${year}`} `
  ]
  return Buffer.concat([Buffer.from(parts.join(" ")), name])
}
