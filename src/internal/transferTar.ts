/**
 * Tar as hosts read and write it: many small files on one channel. Long names travel in the form of GNU tar, which has bytes;
 * busybox and libarchive read it too.
 *
 * @since 0.1.0
 */
import { Buffer } from "node:buffer"
import * as transferName from "./transferName.ts"

const block = 512

/** What a header says of a file, a directory or a link. */
export interface Head {
  readonly path: string
  readonly kind: "file" | "directory" | "link"
  readonly size: number
  readonly mode: number
  /** Seconds since 1970, with nine digits behind the point. */
  readonly time: string
  readonly link?: string | undefined
}

const typeFlags = { file: "0", directory: "5", link: "2" } as const

const octal = (value: number, width: number): string => Math.max(0, value).toString(8).padStart(width - 1, "0") + "\0"

const raw = (name: Buffer, link: Buffer, flag: string, size: number, mode: number, seconds: number): Buffer => {
  const header = Buffer.alloc(block)
  name.copy(header, 0, 0, 100)
  header.write(octal(mode & 0o7777, 8), 100, "latin1")
  header.write(octal(0, 8) + octal(0, 8), 108, "latin1")
  header.write(octal(size, 12), 124, "latin1")
  header.write(octal(Math.min(seconds, 0o77777777777), 12), 136, "latin1")
  header.write("        " + flag, 148, "latin1")
  link.copy(header, 157, 0, 100)
  header.write("ustar\x0000", 257, "latin1")
  header.write(octal(header.reduce((sum, byte) => sum + byte, 0), 7) + " ", 148, "latin1")
  return header
}

/** Nothing, or zeros up to the next block. */
export const padding = (size: number): Buffer => Buffer.alloc((block - size % block) % block)

const none = Buffer.alloc(0)

const extra = (name: string, flag: string, body: Buffer): ReadonlyArray<Buffer> => [
  raw(Buffer.from(name), none, flag, body.length, 0o644, 0),
  body,
  padding(body.length)
]

const terminated = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.alloc(1)])

/** `LENGTH mtime=TIME\n`, its own length counted. */
const paxTime = (time: string): Buffer => {
  const rest = ` mtime=${time}\n`
  const length = [2, 3].map((digits) => digits + rest.length).find((sum, index) => String(sum).length === index + 2) ??
    0
  return Buffer.from(`${length}${rest}`)
}

/**
 * What stands before the content. Files have their content and then `padding` behind it.
 *
 * @internal
 */
export const header = (head: Head): Buffer => {
  const name = transferName.encode(`./${head.path}${head.kind === "directory" ? "/" : ""}`)
  const link = head.link === undefined ? none : transferName.encode(head.link)
  const [seconds = "0", fraction = ""] = head.time.split(".")
  return Buffer.concat([
    ...(/[1-9]/.test(fraction) ? extra("mtime", "x", paxTime(head.time)) : []),
    ...(name.length > 100 ? extra("././@LongLink", "L", terminated(name)) : []),
    ...(link.length > 100 ? extra("././@LongLink", "K", terminated(link)) : []),
    raw(name, link, typeFlags[head.kind], head.size, head.mode, Number(seconds))
  ])
}

/**
 * The end of an archive.
 *
 * @internal
 */
export const end: Buffer = Buffer.alloc(2 * block)

/**
 * A file of an archive: its content, or the name of the earlier one that it is another name of.
 *
 * @internal
 */
export type Unpacked =
  | { readonly _tag: "File"; readonly path: string; readonly content: Buffer }
  | { readonly _tag: "Same"; readonly path: string; readonly as: string }

const text = (header: Buffer, from: number, length: number): Buffer => {
  const field = header.subarray(from, from + length)
  const stop = field.indexOf(0)
  return stop < 0 ? field : field.subarray(0, stop)
}

const numberAt = (header: Buffer, from: number, length: number): number =>
  Number.parseInt(text(header, from, length).toString("latin1").trim() || "0", 8)

const valid = (header: Buffer): boolean => {
  const blank = Buffer.from(header).fill(" ", 148, 156)
  return numberAt(header, 148, 8) === blank.reduce((sum, byte) => sum + byte, 0)
}

const paxPath = (body: Buffer): Buffer | undefined => {
  let found: Buffer | undefined
  for (let at = 0; at < body.length;) {
    const length = Number.parseInt(body.toString("latin1", at, at + 20), 10)
    if (!(length > 0)) return found
    const record = body.subarray(body.indexOf(" ", at) + 1, at + length - 1)
    if (record.toString("latin1", 0, 5) === "path=") found = record.subarray(5)
    at += length
  }
  return found
}

const named = (bytes: Buffer): string => transferName.decode(bytes).replace(/^(?:\.\/)+/, "")

/**
 * Reads an archive piece by piece: gives what is whole by then, or why it cannot be one. Nothing above `limit` bytes is held.
 *
 * @internal
 */
export const reader = (
  limit: number
): (chunk: Uint8Array) => ReadonlyArray<Unpacked> | { readonly problem: string } => {
  let pieces: Array<Uint8Array> = []
  let have = 0
  let wanted = block
  let longName: Buffer | undefined
  let longLink: Buffer | undefined
  const nameOf = (header: Buffer): Buffer => {
    const prefix = text(header, 345, 155)
    const name = text(header, 0, 100)
    const posix = header.toString("latin1", 257, 263) === "ustar\0" && prefix.length > 0
    return posix ? Buffer.concat([prefix, Buffer.from("/"), name]) : name
  }
  /** The bytes of an entry that is whole, or how many are needed first. */
  const step = (bytes: Buffer): { readonly used: number; readonly found?: Unpacked; readonly problem?: string } => {
    if (bytes.length < block) return { used: 0 }
    const header = bytes.subarray(0, block)
    // The end of an archive, and what fills it up; behind it the next one begins.
    if (header.every((byte) => byte === 0)) return { used: block }
    if (!valid(header)) return { used: 0, problem: "what the host sent is no archive" }
    const size = numberAt(header, 124, 12)
    if (!(size >= 0 && size <= limit)) return { used: 0, problem: `the host sent a file of ${size} bytes here` }
    const all = block + size + padding(size).length
    wanted = all
    if (bytes.length < all) return { used: 0 }
    wanted = block
    // A copy, or the chunk that it came in could not be freed.
    const body = Buffer.from(bytes.subarray(block, block + size))
    switch (String.fromCharCode(header[156] ?? 0)) {
      case "L":
        longName = text(body, 0, size)
        return { used: all }
      case "K":
        longLink = text(body, 0, size)
        return { used: all }
      case "x":
        longName = paxPath(body) ?? longName
        return { used: all }
      case "0":
      case "\0": {
        const path = named(longName ?? nameOf(header))
        longName = longLink = undefined
        return { used: all, found: { _tag: "File", path, content: body } }
      }
      case "1": {
        const path = named(longName ?? nameOf(header))
        const as = named(longLink ?? text(header, 157, 100))
        longName = longLink = undefined
        return { used: all, found: { _tag: "Same", path, as } }
      }
      default:
        longName = longLink = undefined
        return { used: all }
    }
  }
  return (chunk) => {
    pieces.push(chunk)
    have += chunk.length
    if (have < wanted) return []
    const bytes = pieces.length === 1
      ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
      : Buffer.concat(pieces)
    const found: Array<Unpacked> = []
    let at = 0
    for (;;) {
      const next = step(bytes.subarray(at))
      if (next.problem !== undefined) return { problem: next.problem }
      if (next.used === 0) break
      at += next.used
      if (next.found !== undefined) found.push(next.found)
    }
    pieces = [bytes.subarray(at)]
    have = bytes.length - at
    return found
  }
}
