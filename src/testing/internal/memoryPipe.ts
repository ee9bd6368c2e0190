/**
 * A pipe of bytes as a kernel has it: bounded, ended by its writer, broken by its reader.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Stream from "effect/Stream"
import * as pulled from "../../internal/pulled.ts"

/** @internal */
export interface Pipe {
  /** Waits while the pipe is full; `false` once nobody reads any more. */
  readonly write: (bytes: Uint8Array) => Effect.Effect<boolean>
  /** The same at once; `undefined` where it would wait. */
  readonly offer: (bytes: Uint8Array) => boolean | undefined
  /** The writer is done; what was written can still be read. */
  readonly end: Effect.Effect<void>
  /** The reader is gone; what was written is lost. */
  readonly break: Effect.Effect<void>
  /** The reader hears no more, and the writer does not notice. */
  readonly leave: Effect.Effect<void>
  /** All bytes that are there, at least one; `None` at the end. */
  readonly read: Effect.Effect<Option.Option<Uint8Array>>
  /** One line without its newline; the last one may lack it; `None` at the end. */
  readonly readLine: Effect.Effect<Option.Option<string>>
  readonly stream: Stream.Stream<Uint8Array>
}

/** Linux's own capacity. */
const capacity = 65536

const newline = 10

/** @internal */
export const concat = (chunks: ReadonlyArray<Uint8Array>): Uint8Array => {
  const all = new Uint8Array(chunks.reduce((size, chunk) => size + chunk.length, 0))
  let offset = 0
  for (const chunk of chunks) {
    all.set(chunk, offset)
    offset += chunk.length
  }
  return all
}

/** @internal */
export const bytesOf = (chunk: Uint8Array | string): Uint8Array =>
  typeof chunk === "string" ? new TextEncoder().encode(chunk) : chunk

/** @internal */
export const make: Effect.Effect<Pipe> = Effect.sync(() => {
  const waiting = new Set<() => void>()
  let chunks: Array<Uint8Array> = []
  /** Bytes that count against the capacity. */
  let size = 0
  /** Chunks that are known to hold no newline. */
  let scanned = 0
  let ended = false
  let broken = false
  let left = false
  const wake = () => {
    const all = [...waiting]
    waiting.clear()
    all.forEach((resume) => resume())
  }
  const change = Effect.async<void>((resume) => {
    const again = () => resume(Effect.void)
    waiting.add(again)
    return Effect.sync(() => waiting.delete(again))
  })
  const take = (used?: number): Uint8Array => {
    const bytes = concat(chunks)
    const end = used ?? bytes.length
    chunks = end < bytes.length ? [bytes.subarray(end)] : []
    size = bytes.length - end
    scanned = 0
    wake()
    return bytes.subarray(0, end)
  }
  const offer = (bytes: Uint8Array): boolean | undefined => {
    if (broken || ended) return false
    if (bytes.length === 0) return true
    if (size >= capacity) return undefined
    // The writer may use its buffer again.
    chunks.push(bytes.slice())
    size += bytes.length
    wake()
    return true
  }
  const write = (bytes: Uint8Array): Effect.Effect<boolean> =>
    Effect.suspend(() => {
      const taken = offer(bytes)
      return taken === undefined ? Effect.zipRight(change, write(bytes)) : Effect.succeed(taken)
    })
  const read: Pipe["read"] = Effect.suspend(() => {
    if (left) return Effect.succeedNone
    if (chunks.length > 0) return Effect.succeedSome(take())
    return ended || broken ? Effect.succeedNone : Effect.zipRight(change, read)
  })
  const lineEnd = (): number => {
    let before = chunks.slice(0, scanned).reduce((sum, chunk) => sum + chunk.length, 0)
    for (const chunk of chunks.slice(scanned)) {
      const at = chunk.indexOf(newline)
      if (at >= 0) return before + at + 1
      before += chunk.length
    }
    scanned = chunks.length
    return 0
  }
  const readLine: Pipe["readLine"] = Effect.suspend(() => {
    const end = lineEnd()
    const last = end === 0 && (ended || broken)
    if (end === 0 && !last) {
      // A line longer than the pipe: what was seen is the reader's, so the writer goes on.
      if (size >= capacity) {
        size = 0
        wake()
      }
      return Effect.zipRight(change, readLine)
    }
    return Effect.succeed(
      last && chunks.length === 0
        ? Option.none()
        : Option.some(new TextDecoder().decode(take(last ? undefined : end)).replace(/\n$/, ""))
    )
  })
  return {
    write,
    offer,
    leave: Effect.sync(() => {
      left = true
      wake()
    }),
    end: Effect.sync(() => {
      ended = true
      wake()
    }),
    break: Effect.sync(() => {
      broken = true
      chunks = []
      size = 0
      wake()
    }),
    read,
    readLine,
    stream: pulled.make(read)
  }
})
