import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as DaskFuture from "../../src/clusters/DaskFuture.ts"
import * as DaskInputs from "../../src/clusters/daskInputs.ts"
import * as PythonFunction from "../../src/tasks/PythonFunction.ts"

const number = PythonFunction.make({ source: "def n(): return 1", args: {}, returns: Schema.Number })
const a = DaskFuture.make(number, "a")
const b = DaskFuture.make(number, "b")

const fn = PythonFunction.make({
  source: "def f(**args): return 0",
  args: {
    x: Schema.Number,
    list: Schema.optional(Schema.Array(Schema.DateFromString.pipe(Schema.annotations({ identifier: "Day" })))),
    nested: Schema.optional(Schema.Array(Schema.Array(Schema.Number)).pipe(Schema.minItems(1)))
  },
  returns: Schema.Number
})

describe("daskInputs", () => {
  it.effect("encodes plain arguments as a whole", () =>
    Effect.gen(function*() {
      const text = yield* DaskInputs.encode(fn, { x: 1, list: [new Date(0)] })
      assert.deepStrictEqual(JSON.parse(text), { values: { x: 1, list: ["1970-01-01T00:00:00.000Z"] }, inputs: {} })
    }))

  it.effect("puts futures in their places, in lists too, and encodes what is beside them", () =>
    Effect.gen(function*() {
      const text = yield* DaskInputs.encode(fn, { x: a, list: [new Date(0), b], nested: [[1, a], [2]] })
      assert.deepStrictEqual(JSON.parse(text), {
        values: {},
        inputs: {
          x: { future: "a" },
          list: { list: [{ value: "1970-01-01T00:00:00.000Z" }, { future: "b" }] },
          nested: { list: [{ list: [{ value: 1 }, { future: "a" }] }, { value: [2] }] }
        }
      })
    }))

  it.effect("refuses what the schema refuses beside futures", () =>
    Effect.gen(function*() {
      const missing = yield* Effect.flip(DaskInputs.encode(fn, { list: [a] }))
      assert.include(missing.detail, `["x"]`)
      const item = yield* Effect.flip(DaskInputs.encode(fn, { x: 1, nested: [[a, "text"]] }))
      assert.include(item.detail, `Expected number, actual "text"`)
      const infinite = yield* Effect.flip(DaskInputs.encode(fn, { x: Infinity, nested: [[a]] }))
      assert.strictEqual(infinite.detail, "args.x is Infinity, which JSON cannot say")
      const unknown = yield* Effect.flip(DaskInputs.encode(fn, { x: 1, y: a }))
      assert.include(unknown.detail, "args.y cannot hold a future")
    }))

  it("prints as data", () => {
    assert.strictEqual(String(a), "DaskFuture(a)")
    assert.isTrue(DaskFuture.isDaskFuture(a))
    assert.isFalse(DaskFuture.isDaskFuture({ key: "a" }))
  })
})
