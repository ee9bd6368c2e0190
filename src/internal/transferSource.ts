/**
 * The contents of files of this machine: read in pieces, hashed while they are read, and read once where several hosts are to
 * have them.
 *
 * @since 0.1.0
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Buffer } from "node:buffer"
import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import { type FileHandle, open } from "node:fs/promises"
import { FileTransferError } from "../services/FileTransferError.ts"
import type { Entry } from "../services/FileTransferPlan.ts"
import { manager } from "../services/Host.ts"
import * as transferFile from "./transferFile.ts"
import * as transferName from "./transferName.ts"
import * as transferOnce from "./transferOnce.ts"
import * as transferTar from "./transferTar.ts"
import * as transferTree from "./transferTree.ts"

/**
 * Files of at least so many bytes travel one by one, and a broken transfer of one goes on where it stopped.
 *
 * @internal
 */
export const big = 1024 * 1024

/** @internal */
export const piece = 512 * 1024

/** Pieces of all files together that are kept for hosts that come later: 32 MB. */
const kept = 64

/**
 * So many blocks go round: one is on its way into the channel, the others are read. Fresh memory for each would cost more than
 * the cipher, smaller ones more messages between threads.
 */
const turns = 4

const block = 2 * piece

/** What is written to a channel at a time. */
const batch = 256 * 1024

/** @internal */
export interface Archived {
  readonly chunk: Uint8Array
  readonly files: number
  readonly bytes: number
}

/** @internal */
export interface Content {
  readonly chunks: Stream.Stream<Uint8Array, FileTransferError>
  /** There when all chunks are, at the latest. */
  readonly hash: Effect.Effect<string, FileTransferError>
}

/** @internal */
export interface Source {
  /** From a piece on, and the hash of the whole. Each chunk is done with when the next one is asked for. */
  readonly content: (entry: Entry, from: number) => Effect.Effect<Content, never, Scope.Scope>
  /** The hash of the first pieces of a file. */
  readonly prefix: (entry: Entry, pieces: number) => Effect.Effect<string, FileTransferError>
  readonly hash: (entry: Entry) => Effect.Effect<string, FileTransferError>
  /** An archive of entries, every file of them small, in pieces that tell how many files and bytes of content they hold. */
  readonly archive: (entries: ReadonlyArray<Entry>) => Stream.Stream<Archived, FileTransferError>
}

const nothing = Buffer.alloc(0)

/** What is staged must be read, written and entered by its owner; what should not be is told at the end. */
const reachable = (entry: Entry): transferTar.Head => ({
  path: entry.path,
  kind: entry.kind === "other" ? "file" : entry.kind,
  size: entry.kind === "file" ? entry.size : 0,
  mode: (entry.mode & 0o777) | (entry.kind === "directory" ? 0o700 : 0o600),
  time: entry.time,
  link: entry.link
})

/**
 * Files of this machine; `at` tells where an entry is. `shared` keeps what was read for other hosts, up to a bound: a host that
 * is too slow for that reads again, and holds up nobody.
 *
 * @internal
 */
export const make = (at: (path: string) => string, shared: boolean): Source => {
  const fail = (entry: Entry, reason: "Local" | "Changed", detail: string, cause?: unknown) =>
    new FileTransferError({
      reason,
      host: manager.alias,
      step: "send",
      path: transferName.show(entry.path),
      detail,
      hint: reason === "Changed" ? "send it again when nothing writes to it" : undefined,
      cause
    })
  const local = (entry: Entry) => (cause: unknown) =>
    fail(entry, "Local", cause instanceof Error ? cause.message : String(cause), cause)
  const pieces = new Map<string, Promise<Buffer>>()
  const hashing = new Map<string, Effect.Effect<string, FileTransferError>>()
  const hashes = new Map<string, string>()

  const readPiece = (handle: FileHandle, entry: Entry, index: number): Promise<Buffer> => {
    const size = Math.min(piece, entry.size - index * piece)
    const key = `${index}/${entry.path}`
    const held = pieces.get(key)
    if (held !== undefined) return held
    const reading = handle.read(Buffer.allocUnsafeSlow(size), 0, size, index * piece)
      .then(({ buffer, bytesRead }) => buffer.subarray(0, bytesRead))
    pieces.set(key, reading)
    reading.catch(() => pieces.delete(key))
    const oldest = pieces.keys().next()
    if (pieces.size > kept && oldest.done !== true) pieces.delete(oldest.value)
    return reading
  }
  const opened = (entry: Entry): Effect.Effect<FileHandle, FileTransferError, Scope.Scope> =>
    Effect.acquireRelease(
      Effect.tryPromise({ try: () => open(transferName.encode(at(entry.path)), "r"), catch: local(entry) }),
      (handle) => Effect.promise(() => handle.close())
    )
  const unchanged = (entry: Entry) =>
    Effect.filterOrFail(
      transferTree.look(at(entry.path), true, local(entry)),
      (now) => now?.size === entry.size && now.time === entry.time,
      () => fail(entry, "Changed", "it changed while it was read")
    )
  const count = (entry: Entry): number => Math.ceil(entry.size / piece)
  const shorter = (entry: Entry) => fail(entry, "Changed", "it became shorter while it was read")
  const atEnd = (entry: Entry) => Stream.drain(Stream.fromEffect(unchanged(entry)))

  /** Reads two pieces ahead. By hand: a fiber for each would take longer than the cipher. */
  const sharedContent = (entry: Entry, from: number): Stream.Stream<Uint8Array, FileTransferError> =>
    Stream.unwrapScoped(Effect.map(opened(entry), (handle) => {
      const begun = new Map<number, Promise<Buffer>>()
      const begin = (index: number): Promise<Buffer> => {
        const reading = begun.get(index) ?? readPiece(handle, entry, index)
        // Told to whoever waits for it, if anybody does.
        reading.catch(() => undefined)
        begun.set(index, reading)
        return reading
      }
      return Stream.unfoldEffect(from, (index) => {
        if (index >= count(entry)) return Effect.succeedNone
        const reading = begin(index)
        for (const next of [index + 1, index + 2]) if (next < count(entry)) begin(next)
        begun.delete(index)
        return Effect.flatMap(
          Effect.tryPromise({ try: () => reading, catch: local(entry) }),
          (chunk) =>
            chunk.length === Math.min(piece, entry.size - index * piece)
              ? Effect.succeedSome([chunk, index + 1] as const)
              : shorter(entry)
        )
      })
    }))

  /** Read once, for the channel and for the hash. */
  const ownContent = Effect.fnUntraced(function*(entry: Entry, from: number) {
    const path = transferName.encode(at(entry.path))
    const file = yield* transferFile.open(
      { path, way: "read", from: Math.min(from * piece, entry.size), size: entry.size },
      local(entry)
    )
    const made = yield* Deferred.make<string, FileTransferError>()
    const reading: Array<Effect.Effect<transferFile.Moved, FileTransferError>> = []
    const sizeAt = (offset: number): number => Math.min(block, entry.size - offset)
    let next = from * piece
    const begin = (memory: () => ArrayBuffer): void => {
      if (next >= entry.size) return
      reading.push(file.move(memory(), sizeAt(next)))
      next += block
    }
    for (let turn = 0; turn < turns; turn++) begin(() => new ArrayBuffer(block))
    let held: ArrayBuffer | undefined
    const hashed = Effect.intoDeferred(Effect.suspend(() => file.hash()), made)
    const chunks = Stream.unfoldEffect(from * piece, (offset) => {
      const memory = held
      if (memory !== undefined) begin(() => memory)
      const first = reading.shift()
      if (first === undefined) return Effect.zipRight(hashed, Effect.succeedNone)
      return Effect.flatMap(first, (moved) => {
        held = moved.block
        return moved.size === sizeAt(offset)
          ? Effect.succeedSome([new Uint8Array(moved.block, 0, moved.size), offset + block] as const)
          : shorter(entry)
      })
    })
    return { chunks: Stream.concat(chunks, atEnd(entry)), hash: Deferred.await(made) }
  })
  const content: Source["content"] = (entry, from) =>
    shared
      ? Effect.succeed({ chunks: Stream.concat(sharedContent(entry, from), atEnd(entry)), hash: once(entry) })
      : ownContent(entry, from)

  const small = (entry: Entry): Effect.Effect<Buffer, FileTransferError> =>
    Effect.try({ try: () => readFileSync(transferName.encode(at(entry.path))), catch: local(entry) }).pipe(
      Effect.filterOrFail(
        (bytes) => bytes.length === entry.size,
        () => fail(entry, "Changed", "its size changed while it was read")
      ),
      Effect.tap((bytes) =>
        Effect.sync(() => {
          if (!hashes.has(entry.path)) hashes.set(entry.path, createHash("sha256").update(bytes).digest("hex"))
        })
      )
    )
  /** As many entries as make a batch, and where the next ones begin. */
  const batchFrom = Effect.fnUntraced(function*(entries: ReadonlyArray<Entry>, from: number) {
    const parts: Array<Buffer> = []
    let at = from
    let files = 0
    let bytes = 0
    while (bytes + parts.length * 170 < batch) {
      const entry = entries[at]
      if (entry === undefined) {
        return [{ chunk: Buffer.concat([...parts, transferTar.end]), files, bytes }, Option.none<number>()] as const
      }
      const content = entry.kind === "file" ? yield* small(entry) : nothing
      parts.push(transferTar.header(reachable(entry)), content, transferTar.padding(content.length))
      bytes += content.length
      files += entry.kind === "file" ? 1 : 0
      at += 1
    }
    yield* transferTree.breathe
    return [{ chunk: Buffer.concat(parts), files, bytes }, Option.some(at)] as const
  })

  /** Asked for by several hosts, it is made once. */
  const once = (entry: Entry) =>
    Effect.suspend(() => {
      const path = transferName.encode(at(entry.path))
      const made = hashing.get(entry.path) ?? transferOnce.make(transferFile.hash(path, entry.size, local(entry)))
      hashing.set(entry.path, made)
      return made
    })

  return {
    content,
    prefix: (entry, pieces) => transferFile.hash(transferName.encode(at(entry.path)), pieces * piece, local(entry)),
    hash: (entry) =>
      entry.size < big
        ? Effect.suspend(() => hashes.has(entry.path) ? Effect.void : small(entry)).pipe(
          Effect.map(() => hashes.get(entry.path) ?? "")
        )
        : once(entry),
    archive: (entries) => Stream.paginateEffect(0, (from) => batchFrom(entries, from))
  }
}
