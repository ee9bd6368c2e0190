import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as ExactJson from "../../src/internal/exactJson.ts"

const left = (value: unknown): string =>
  Either.match(ExactJson.stringify(value, "x"), { onLeft: (s) => s, onRight: () => "" })

describe("exactJson", () => {
  it("gives back what it took", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.jsonValue(), (value) => {
        // Integers beyond 2^53 are refused on the way back, on purpose: see below.
        FastCheck.pre(!/\d{16,}/.test(JSON.stringify(value)))
        const back = Either.flatMap(ExactJson.stringify(value, "x"), ExactJson.parse)
        assert.deepStrictEqual(back, Either.right(JSON.parse(JSON.stringify(value))))
      }),
      { numRuns: 500 }
    )
  })

  it("names the place of what JSON cannot say", () => {
    assert.strictEqual(left({ a: [1, Infinity] }), "x.a[1] is Infinity, which JSON cannot say")
    assert.strictEqual(left(undefined), "x is undefined, which JSON cannot say")
    assert.strictEqual(left(Array(1)), "x[0] is undefined, which JSON cannot say")
    assert.strictEqual(left({ a: 1n }), "x.a is a bigint, which JSON cannot say")
    assert.strictEqual(left({ a: new Map() }), "x.a is a Map, which JSON cannot say")
    assert.strictEqual(left({ a: undefined }), "")
  })

  it("refuses a value that holds itself", () => {
    const ring: Array<unknown> = []
    ring.push(ring)
    assert.include(left(ring), "x is nested too deeply")
  })

  it("tells integers that would be rounded from everything that looks like them", () => {
    const ok = (text: string) => assert.isTrue(Either.isRight(ExactJson.parse(text)), text)
    const bad = (text: string) => assert.isTrue(Either.isLeft(ExactJson.parse(text)), text)
    ok("9007199254740991")
    bad("9007199254740993")
    bad(`[1,-9223372036854775808]`)
    ok(`"9223372036854775808"`)
    ok(`"a \\" 9223372036854775808 b"`)
    ok("0.12345678901234567")
    ok("12345678901234567.5")
    ok("1e+300")
    ok("1e-0000000000000001")
    bad("9".repeat(500))
    bad("{")
  })

  it("reads strings of any length, digits and escapes among them", () => {
    for (const unit of ["12345678901234567890", "1234567890123456789\\n\\\""]) {
      const text = `["${unit.repeat(1_000_000)}",1]`
      assert.isTrue(Either.isRight(ExactJson.parse(text)))
      assert.include(
        Either.getOrElse(Either.flip(ExactJson.parse(text.replace(/1]$/, "9007199254740993]"))), () => ""),
        "9007199254740993"
      )
    }
  })
})
