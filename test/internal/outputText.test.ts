import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Stream from "effect/Stream"
import { decodeText, linesOf, takeLines, withoutControl } from "../../src/internal/outputText.ts"

const decoded = (chunks: ReadonlyArray<Uint8Array>) =>
  Effect.map(Stream.runCollect(decodeText(Stream.fromIterable(chunks))), (text) => Chunk.toArray(text).join(""))

describe("decodeText", () => {
  it.effect.prop("does not depend on where chunks end", {
    text: FastCheck.fullUnicodeString(),
    size: FastCheck.integer({ min: 1, max: 5 })
  }, ({ size, text }) =>
    Effect.gen(function*() {
      const bytes = new TextEncoder().encode(text)
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
        bytes.slice(i * size, (i + 1) * size))
      assert.strictEqual(yield* decoded(chunks), new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes))
    }))

  it.effect("shows what is unfinished at the end, and keeps a byte order mark", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* decoded([new Uint8Array([0x61, 0xe2, 0x82])]), "a\uFFFD")
      assert.strictEqual(yield* decoded([new Uint8Array([0xef, 0xbb, 0xbf, 0x61])]), "\uFEFFa")
    }))
})

describe("takeLines", () => {
  it.prop("does not depend on where pieces end", { pieces: FastCheck.array(FastCheck.stringMatching(/^[ab\n]*$/)) }, ({
    pieces
  }) => {
    const all: Array<string> = []
    let rest = ""
    for (const piece of pieces) {
      const [lines, next] = takeLines(rest, piece)
      all.push(...lines)
      rest = next
    }
    assert.deepStrictEqual([...all, rest], pieces.join("").split("\n"))
  })

  it("takes an endless line in pieces", () => {
    const [lines, rest] = takeLines("x".repeat(65_000), "y".repeat(1000))
    assert.deepStrictEqual([lines.length, lines[0]?.length, rest], [1, 66_000, ""])
  })
})

describe("linesOf", () => {
  it.effect.prop("gives the lines, wherever pieces end, and one without an end", {
    pieces: FastCheck.array(FastCheck.stringMatching(/^[ab\n]*$/))
  }, ({ pieces }) =>
    Effect.gen(function*() {
      const lines = Chunk.toArray(yield* Stream.runCollect(linesOf(Stream.fromIterable(pieces))))
      const all = pieces.join("").split("\n")
      assert.deepStrictEqual(lines, all.at(-1) === "" ? all.slice(0, -1) : all)
    }))
})

describe("withoutControl", () => {
  it("leaves text and tabs only", () => {
    assert.strictEqual(withoutControl("\u001b[31mred\u001b[0m\u0007 \u001b[2Ja\tb\r"), "red a\tb")
  })
})
