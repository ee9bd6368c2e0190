import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as PythonFunction from "../../src/tasks/PythonFunction.ts"
import * as RemoteFunction from "../../src/tasks/RemoteFunction.ts"

const square = PythonFunction.make({
  source: "def square(x): return x ** 2",
  args: { x: Schema.Number },
  returns: Schema.Number
})

const nameOf = (source: string): string => PythonFunction.make({ source, args: {}, returns: Schema.Unknown }).name

describe("PythonFunction", () => {
  it("takes its name from the last def at the left margin", () => {
    assert.strictEqual(
      nameOf("import os\ndef a(): pass\nclass C:\n  def m(self): pass\nasync def b():\n  def c(): pass"),
      "b"
    )
    assert.strictEqual(nameOf("x = 1"), "")
    assert.strictEqual(nameOf("def größe(x): return x"), "größe")
  })

  it("drops the indentation that all lines share", () => {
    const fn = PythonFunction.make({
      source: `
        def twice(x):
            return 2 * x
      `,
      args: {},
      returns: Schema.Unknown
    })
    assert.strictEqual(fn.code.source.trim(), "def twice(x):\n    return 2 * x")
  })

  it("prints as data", () => {
    assert.strictEqual(String(square), "PythonFunction(square)")
    assert.deepStrictEqual(JSON.parse(JSON.stringify(square)), {
      _id: "PythonFunction",
      name: "square",
      source: "def square(x): return x ** 2"
    })
  })

  it.effect("encodes arguments by their schemas", () =>
    Effect.gen(function*() {
      const since = PythonFunction.make({
        source: "def since(day, unit='s'): pass",
        args: { day: Schema.Date, unit: Schema.optional(Schema.String) },
        returns: Schema.Void
      })
      const { args } = yield* PythonFunction.request(since, { day: new Date(0) })
      assert.strictEqual(args, `{"day":"1970-01-01T00:00:00.000Z"}`)
    }))

  it.effect("refuses what JSON cannot say", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(PythonFunction.request(square, { x: Number.NaN }))
      assert.strictEqual(error.reason, "Arguments")
      assert.strictEqual(error.detail, "args.x is NaN, which JSON cannot say")
    }))

  it.effect("refuses arguments that the schema refuses", () =>
    Effect.gen(function*() {
      const positive = PythonFunction.make({
        source: "def f(x): return x",
        args: { x: Schema.Positive },
        returns: Schema.Number
      })
      const error = yield* Effect.flip(PythonFunction.request(positive, { x: -1 }))
      assert.strictEqual(error.reason, "Arguments")
      assert.include(error.detail, `["x"]`)
      assert.include(error.message, "hint: ")
    }))

  it.effect("tells of source without a function when it is called", () =>
    Effect.gen(function*() {
      const fn = PythonFunction.make({ source: "x = 1", args: {}, returns: Schema.Number })
      assert.strictEqual((yield* Effect.flip(PythonFunction.request(fn, {}))).reason, "Source")
    }))

  it("decodes results, None as undefined where that is meant", () => {
    const log = PythonFunction.make({ source: "def log(): pass", args: {}, returns: Schema.Void })
    assert.deepStrictEqual(RemoteFunction.decodeResult(square, "4", "host"), Either.right(4))
    assert.deepStrictEqual(RemoteFunction.decodeResult(log, "null", "host"), Either.right(undefined))
  })

  it.effect("refuses results that the schema refuses, and integers that would be rounded", () =>
    Effect.gen(function*() {
      const text = yield* Effect.flip(RemoteFunction.decodeResult(square, `"4"`, "host"))
      assert.strictEqual(text.reason, "Result")
      assert.strictEqual(text.host, "host")
      const integer = yield* Effect.flip(RemoteFunction.decodeResult(square, "18446744073709551616", "host"))
      assert.strictEqual(integer.detail, "the integer 18446744073709551616 is more than a JavaScript number holds")
    }))
})
