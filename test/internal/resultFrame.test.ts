import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import * as Option from "effect/Option"
import * as ResultFrame from "../../src/internal/resultFrame.ts"

const read = (nonce: string, chunks: ReadonlyArray<Uint8Array>) => {
  const frame = ResultFrame.make(nonce)
  const output = [...chunks.map((chunk) => Buffer.from(frame.push(chunk))), Buffer.from(frame.end())]
  return { output: Buffer.concat(output).toString("latin1"), answer: frame.answer() }
}

const cut = (bytes: Buffer, places: ReadonlyArray<number>): ReadonlyArray<Uint8Array> => {
  const sorted = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  return sorted.slice(1).map((end, index) => bytes.subarray(sorted[index], end))
}

describe("resultFrame", () => {
  it("finds the answer wherever the chunks are cut", () => {
    FastCheck.assert(
      FastCheck.property(
        FastCheck.array(FastCheck.constantFrom("a", "\0", "\0lazycluster", "\0lazycluster ab 1", "\n"), {
          maxLength: 6
        }),
        FastCheck.array(FastCheck.nat(200), { maxLength: 8 }),
        (pieces, places) => {
          const printed = pieces.join("")
          const bytes = Buffer.from(`${printed}\0lazycluster abc 7\n"value"`, "latin1")
          assert.deepStrictEqual(read("abc", cut(bytes, places)), { output: printed, answer: Option.some("\"value\"") })
        }
      ),
      { numRuns: 300 }
    )
  })

  it("gives everything back when there is none", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.array(FastCheck.nat(60), { maxLength: 5 }), (places) => {
        const bytes = Buffer.from("a\0lazycluster \0lazycluster abd 7\n\0")
        assert.deepStrictEqual(read("abc", cut(bytes, places)), {
          output: bytes.toString("latin1"),
          answer: Option.none()
        })
      })
    )
  })

  it("takes no answer that was cut short, and leaves what came after one", () => {
    assert.deepStrictEqual(read("a", [Buffer.from("\0lazycluster a 9\nshort")]), { output: "", answer: Option.none() })
    assert.deepStrictEqual(read("a", [Buffer.from("\0lazycluster a 1\n1late")]), {
      output: "late",
      answer: Option.some("1")
    })
  })
})
