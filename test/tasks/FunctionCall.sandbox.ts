import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as FunctionCall from "../../src/tasks/FunctionCall.ts"
import * as PythonFunction from "../../src/tasks/PythonFunction.ts"
import * as LocalTarget from "./localTarget.ts"

const python = (source: string, name?: string) =>
  PythonFunction.make({ source, name, args: {}, returns: Schema.Unknown })

const call = (source: string) =>
  Effect.flatMap(LocalTarget.make, ({ target }) => FunctionCall.call(target, python(source), {}))

describe("FunctionCall", () => {
  it.scopedLive("calls with values and returns one", () =>
    Effect.gen(function*() {
      const { target } = yield* LocalTarget.make
      const greet = PythonFunction.make({
        source: `
          PREFIX = "Hello"
          def greet(name, *rest, mark="!"):
              return {"text": f"{PREFIX} {name}{mark}", "rest": rest}
        `,
        args: { name: Schema.String, rest: Schema.Array(Schema.Number), mark: Schema.optional(Schema.String) },
        returns: Schema.Struct({ text: Schema.String, rest: Schema.Array(Schema.Number) })
      })
      assert.deepStrictEqual(yield* FunctionCall.call(target, greet, { name: "Wörld \u{1F600}\0\n", rest: [1, 2.5] }), {
        text: "Hello Wörld \u{1F600}\0\n!",
        rest: [1, 2.5]
      })
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("calls functions of modules, also those that take no names", () =>
    Effect.gen(function*() {
      const { target } = yield* LocalTarget.make
      const sqrt = PythonFunction.fromModule({
        module: "math",
        name: "sqrt",
        args: { x: Schema.Number },
        returns: Schema.Number
      })
      assert.strictEqual(yield* FunctionCall.call(target, sqrt, { x: 9 }), 3)
      const error = yield* Effect.flip(FunctionCall.call(target, sqrt, { x: -1 }))
      assert.deepInclude(error, { reason: "Raised", exception: "ValueError", detail: "math domain error" })
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("keeps prints and the answer apart", () =>
    Effect.gen(function*() {
      const { target } = yield* LocalTarget.make
      const events = yield* Stream.runCollect(FunctionCall.stream(
        target,
        python(
          "import os, sys\ndef f():\n  print('out', end='', flush=True)\n  os.system('echo shell')\n  print('err', file=sys.stderr)\n  return sys.stdin.read()"
        ),
        {}
      ))
      const text = (from: string) =>
        Array.from(events).flatMap((event) => event._tag === "Output" && event.from === from ? [event.text] : []).join(
          ""
        )
      assert.strictEqual(text("stdout"), "outshell\n")
      assert.strictEqual(text("stderr"), "err\n")
      assert.deepStrictEqual(Array.from(events).at(-1), { _tag: "Returned", value: "" })
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("runs in the working directory, with coroutines, dataclasses and processes of its own", () =>
    Effect.gen(function*() {
      const value = yield* call(`
        from __future__ import annotations
        import asyncio, dataclasses, multiprocessing, os, typing

        @dataclasses.dataclass
        class Point:
            x: int
            Name: typing.ClassVar = 1

        def twice(x):
            return 2 * x

        async def f():
            await asyncio.sleep(0)
            with multiprocessing.get_context("fork").Pool(1) as pool:
                return [pool.map(twice, [1]), Point(3).x, os.getcwd() == os.environ["WORKING_DIR"]]
      `)
      assert.deepStrictEqual(value, [[2], 3, true])
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("brings exceptions with the lines of the source", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(
        call("class Bad(Exception): pass\ndef inner():\n  raise Bad('no')\ndef f():\n  inner()")
      )
      assert.strictEqual(error._tag, "FunctionError")
      assert.deepInclude(error, { reason: "Raised", host: "host-1", function: "f", exception: "Bad", detail: "no" })
      assert.strictEqual(
        error._tag === "FunctionError" ? error.traceback : "",
        [
          "Traceback (most recent call last):",
          `  File "<f>", line 5, in f`,
          "    inner()",
          `  File "<f>", line 3, in inner`,
          "    raise Bad('no')",
          "Bad: no",
          ""
        ].join("\n")
      )
    }).pipe(Effect.provide(NodeContext.layer)))

  const failures: ReadonlyArray<readonly [what: string, source: string, expected: Record<string, unknown>]> = [
    ["a syntax error", "def f(:", { reason: "Source", exception: "SyntaxError" }],
    ["no such function", "f = 1\ndef f(): pass\nf = 2", { reason: "Source", exception: undefined }],
    ["a missing parameter", "def f(x): pass", { reason: "Arguments", detail: "missing a required argument: 'x'" }],
    ["a missing module", "import not_there\ndef f(): pass", { reason: "Raised", exception: "ModuleNotFoundError" }],
    ["sys.exit", "import sys\ndef f(): sys.exit(3)", { reason: "Raised", exception: "SystemExit", detail: "3" }],
    ["an interrupt", "def f(): raise KeyboardInterrupt", { reason: "Raised", exception: "KeyboardInterrupt" }],
    ["endless recursion", "def f(): return f()", { reason: "Raised", exception: "RecursionError" }],
    ["a result that is not JSON", "def f(): return {1, 2}", {
      reason: "Result",
      detail: "a value of type set is not JSON"
    }],
    ["NaN", "def f(): return [float('nan')]", { reason: "Result" }],
    ["a result that holds itself", "def f():\n  x = []\n  x.append(x)\n  return x", { reason: "Result" }],
    [
      "a process that ends",
      "import os, sys\ndef f():\n  sys.stderr.write('last words\\n')\n  sys.stderr.flush()\n  os._exit(7)",
      {
        reason: "Ended",
        detail: "its process ended with exit code 7 before it answered",
        log: ["last words"]
      }
    ],
    ["a process that is killed", "import os\ndef f(): os.kill(os.getpid(), 9)", {
      reason: "Ended",
      hint: "the host may have run out of memory"
    }]
  ]
  for (const [what, source, expected] of failures) {
    it.scopedLive(`tells of ${what}`, () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(call(source))
        assert.strictEqual(error._tag, "FunctionError")
        for (const [key, value] of Object.entries(expected)) assert.deepEqual(Reflect.get(error, key), value, key)
      }).pipe(Effect.provide(NodeContext.layer)))
  }

  it.scopedLive("carries many megabytes both ways", () =>
    Effect.gen(function*() {
      const { target } = yield* LocalTarget.make
      const echo = PythonFunction.make({
        source: "def echo(x): return x + x",
        args: { x: Schema.String },
        returns: Schema.String
      })
      const x = "ab\n\0".repeat(4_000_000)
      assert.isTrue((yield* FunctionCall.call(target, echo, { x })) === x + x)
    }).pipe(Effect.provide(NodeContext.layer)))
})
