import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import * as Option from "effect/Option"
import * as ResultFrame from "../../src/internal/resultFrame.ts"

const read = (nonce: string, chunks: ReadonlyArray<Uint8Array>, limit = 1_000_000) => {
  const frame = ResultFrame.make(nonce, limit)
  const taken = chunks.map(frame.push)
  const output = Buffer.concat([...taken.map(({ output }) => output), frame.end()]).toString("latin1")
  return {
    output,
    reports: taken.flatMap(({ reports }) => reports),
    answer: Option.getOrUndefined(frame.answer()),
    problem: frame.problem()
  }
}

const framed = (kind: string, sender: number, body: string | Uint8Array, nonce = "abc"): Buffer => {
  const bytes = Buffer.from(body)
  return Buffer.concat([Buffer.from(`\0lazycluster ${nonce} ${kind} ${sender} ${bytes.length}\n`), bytes])
}

const cut = (bytes: Buffer, places: ReadonlyArray<number>): ReadonlyArray<Uint8Array> => {
  const sorted = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  return sorted.slice(1).map((end, index) => bytes.subarray(sorted[index], end))
}

const printed = FastCheck.array(
  FastCheck.constantFrom("a", "\0", "\0lazycluster", "\0lazycluster ab p 1 1", "\0lazycluster abc z\n", "\n"),
  { maxLength: 6 }
).map((pieces) => pieces.join(""))
const places = FastCheck.array(FastCheck.nat(400), { maxLength: 8 })

describe("resultFrame", () => {
  it("finds reports and the answer wherever the chunks are cut, and leaves the rest to the user", () => {
    FastCheck.assert(
      FastCheck.property(printed, printed, printed, places, (first, second, third, places) => {
        const smile = Buffer.from("\"\u{1F600}\"")
        const bytes = Buffer.concat([
          Buffer.from(first),
          framed("P", 1, "0.5"),
          // Two processes at once, a character in two parts, and prints between the parts.
          framed("p", 1, smile.subarray(0, 3)),
          Buffer.from(second),
          framed("P", 2, "2"),
          framed("P", 1, smile.subarray(3)),
          framed("a", 1, "{\"value\":"),
          Buffer.from(third),
          framed("A", 1, "1}")
        ])
        assert.deepStrictEqual(read("abc", cut(bytes, places)), {
          output: first + second + third,
          reports: ["0.5", "2", "\"\u{1F600}\""],
          answer: "{\"value\":1}",
          problem: undefined
        })
      }),
      { numRuns: 300 }
    )
  })

  it("gives everything back when there is none", () => {
    FastCheck.assert(
      FastCheck.property(places, (places) => {
        const bytes = Buffer.from("a\0lazycluster \0lazycluster abd A 1 7\n\0")
        assert.deepInclude(read("abc", cut(bytes, places)), {
          output: bytes.toString("latin1"),
          answer: undefined
        })
      })
    )
  })

  it("takes no answer that was cut short, and leaves what came after one", () => {
    const whole = framed("A", 1, "12345")
    assert.deepInclude(read("abc", [whole.subarray(0, -1)]), { output: "", answer: undefined })
    assert.deepInclude(read("abc", [framed("a", 1, "1")]), { output: "", answer: undefined })
    assert.deepInclude(read("abc", [whole, Buffer.from("late")]), { output: "late", answer: "12345" })
  })

  it("keeps no more of an answer or a report than is allowed", () => {
    const parts = Array.from({ length: 400 }, () => framed("a", 1, "x".repeat(3000)))
    assert.deepInclude(read("abc", parts, 1_000_000), {
      answer: undefined,
      problem: "its answer is more than 1000000 bytes"
    })
    const reported = Array.from({ length: 400 }, () => framed("p", 1, "x".repeat(3000)))
    assert.match(read("abc", reported).problem ?? "", /^a report is more than/)
    const senders = Array.from({ length: 100 }, (_, sender) => framed("p", sender, "x"))
    assert.isDefined(read("abc", senders).problem)
    // None of them alone is too long.
    const answers = Array.from({ length: 1300 }, (_, i) => framed("a", i % 50, Buffer.alloc(60_000)))
    assert.isDefined(read("abc", answers, 2_000_000).problem)
  })
})
