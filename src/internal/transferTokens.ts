/**
 * What the program on the host says: texts that end in NUL, and entries made of them.
 *
 * @since 0.1.0
 */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Buffer } from "node:buffer"
import type { Entry } from "../services/FileTransferPlan.ts"
import * as transferName from "./transferName.ts"

/** A path has at most 4 KB, a word of ours less. */
const longest = 1024 * 1024

/**
 * Takes a chunk at once, and gives what must be waited for before the next one, if there is such a thing: a step of a fiber for
 * each would take longer than the cipher.
 *
 * @internal
 */
export type Take<E> = (chunk: Uint8Array) => Effect.Effect<void, E> | undefined

/** @internal */
export interface Tokens<E> {
  /** The next one; `undefined` at the end. */
  readonly next: Effect.Effect<string | undefined, E>
  /** Pairs of head and link up to the word `end`; `undefined` when there is no such word or something else between. */
  readonly entries: Effect.Effect<ReadonlyArray<Entry> | undefined, E>
  /** A word, which is given; behind the word `ok` so many bytes that are no texts. Nothing else may wait to be read. */
  readonly content: <E1>(size: number, each: Take<E1>) => Effect.Effect<string | undefined, E | E1>
}

const kinds: Readonly<Record<string, Entry["kind"]>> = { f: "file", d: "directory", l: "link" }

const head = /^([a-zA-Z?]) (\d+) ([0-7]+) (-?\d+)(?:\.(\d+))? ([^]*)$/

/**
 * An entry, or `undefined` when the two are none.
 *
 * @internal
 */
export const entryOf = (first: string, link: string): Entry | undefined => {
  const [, kind = "", size, mode, seconds, fraction = "", path = ""] = head.exec(first) ?? []
  if (seconds === undefined) return undefined
  return {
    path,
    kind: kinds[kind] ?? "other",
    size: Number(size),
    mode: Number.parseInt(mode ?? "0", 8) & 0o7777,
    time: `${seconds}.${fraction.slice(0, 9).padEnd(9, "0")}`,
    ...(kind === "l" ? { link } : {})
  }
}

/**
 * Reads them one after another.
 *
 * @internal
 */
export const make = <E>(output: Stream.Stream<Uint8Array, E>): Effect.Effect<Tokens<E>, never, Scope.Scope> =>
  Effect.map(Stream.toPull(output), (pull) => {
    let ready: Array<string> = []
    let at = 0
    let rest = Buffer.alloc(0)
    const state = { over: false }
    const take = (chunk: Uint8Array): void => {
      const bytes = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk])
      const end = bytes.lastIndexOf(0)
      rest = bytes.subarray(end + 1)
      if (rest.length > longest) state.over = true
      if (end >= 0) { for (const token of split(bytes.subarray(0, end))) ready.push(token) }
    }
    const more = Effect.catchAll(pull, (end) => {
      state.over = true
      return end._tag === "Some" ? Effect.fail(end.value) : Effect.succeed(Chunk.empty<Uint8Array>())
    })
    const fill: Effect.Effect<void, E> = Effect.map(more, (chunks) => {
      ready = ready.slice(at)
      at = 0
      for (const chunk of chunks) take(chunk)
    })
    const next = Effect.gen(function*() {
      while (at >= ready.length && !state.over) yield* fill
      return ready[at++]
    })
    const entries = Effect.gen(function*() {
      const found: Array<Entry> = []
      for (;;) {
        while (at + 1 < ready.length) {
          if (ready[at] === "end") break
          const entry = entryOf(ready[at] ?? "", ready[at + 1] ?? "")
          if (entry === undefined) return undefined
          found.push(entry)
          at += 2
        }
        if (ready[at] === "end") {
          at += 1
          return found
        }
        if (state.over) return undefined
        yield* fill
      }
    })
    const content: Tokens<E>["content"] = Effect.fnUntraced(function*(size, each) {
      let bytes = rest
      while (bytes.indexOf(0) < 0) {
        if (state.over || bytes.length > longest) return undefined
        bytes = Buffer.concat([bytes, ...(yield* more)])
      }
      rest = Buffer.alloc(0)
      const end = bytes.indexOf(0)
      const word = bytes.toString("utf8", 0, end)
      let left = word === "ok" ? size : 0
      let chunks: Iterable<Uint8Array> = [bytes.subarray(end + 1)]
      for (;;) {
        for (const chunk of chunks) {
          const own = chunk.length > left ? chunk.subarray(0, left) : chunk
          left -= own.length
          const wait = each(own)
          if (wait !== undefined) yield* wait
          if (own.length < chunk.length) take(chunk.subarray(own.length))
        }
        if (left === 0) return word
        if (state.over) return undefined
        chunks = yield* more
      }
    })
    return { next, entries, content }
  })

const split = (bytes: Buffer): ReadonlyArray<string> => {
  const text = bytes.toString("utf8")
  if (!text.includes("\ufffd")) return text.split("\0")
  const tokens: Array<string> = []
  for (let from = 0; from <= bytes.length;) {
    const to = bytes.indexOf(0, from)
    const end = to < 0 ? bytes.length : to
    tokens.push(transferName.decode(bytes.subarray(from, end)))
    from = end + 1
  }
  return tokens
}

const sum = /^(\\?)([0-9a-f]{64}) [ *](.*)$/

/**
 * Hashes by name, of lines as sha256sum and openssl print them: a name with a newline is escaped, which a backslash in front
 * tells. Names that some tool prints as they are, newline and all, are missing.
 *
 * @internal
 */
export const sums = (output: Buffer): ReadonlyMap<string, string> =>
  new Map(
    output.toString("latin1").split("\n").flatMap((line): ReadonlyArray<readonly [string, string]> => {
      const [, escaped, hash, name] = sum.exec(line) ?? []
      if (hash === undefined || name === undefined) return []
      const plain = escaped === ""
        ? name
        : name.replace(/\\(.)/g, (_, c: string) => c === "n" ? "\n" : c === "r" ? "\r" : c)
      return [[transferName.decode(Buffer.from(plain, "latin1")).replace(/^\.\//, ""), hash]]
    })
  )
