import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { execFileSync } from "node:child_process"
import * as FunctionCall from "../../src/tasks/FunctionCall.ts"
import { FunctionError } from "../../src/tasks/FunctionError.ts"
import * as JsFunction from "../../src/tasks/JsFunction.ts"
import type * as functions from "./functions/work.ts"
import * as LocalTarget from "./localTarget.ts"

const module = new URL("./functions/work.ts", import.meta.url)
const work = JsFunction.fromModule<typeof functions>(module)

const hello = work("hello", { args: { name: Schema.String }, returns: Schema.String })
const slowly = work("slowly", {
  args: { steps: Schema.Int },
  returns: Schema.String,
  progress: Schema.Struct({ done: Schema.Number })
})
const bad = work("bad", { args: { kind: Schema.String }, returns: Schema.Unknown })

const call = <Args, Returns>(
  self: JsFunction.JsFunction<Args, Returns>,
  args: NoInfer<Args>,
  options?: FunctionCall.Options
) => Effect.flatMap(LocalTarget.make, ({ target }) => FunctionCall.call(target, self, args, options))

const failure = <Args, Returns>(
  self: JsFunction.JsFunction<Args, Returns>,
  args: NoInfer<Args>,
  options?: FunctionCall.Options
) =>
  call(self, args, options).pipe(
    Effect.flip,
    Effect.filterOrDie((error) => error instanceof FunctionError, (error) => error)
  )

describe("JsFunction", () => {
  it.scopedLive("is bundled with its imports, and called with values", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* call(hello, { name: "Wörld \u{1F600}" }), "Hello Wörld \u{1F600}!")
      const square = JsFunction.make({ module, args: { x: Schema.Number }, returns: Schema.Number })
      assert.strictEqual(yield* call(square, { x: 3 }), 9)
      const relative = JsFunction.make({
        module: "test/tasks/functions/work.ts",
        args: { x: Schema.NumberFromString },
        returns: Schema.Number
      })
      assert.strictEqual(yield* call(relative, { x: 4 }), 16)
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("runs in the working directory, with the environment of its call", () =>
    Effect.gen(function*() {
      const place = work("place", { args: {}, returns: Schema.Unknown })
      assert.deepStrictEqual(yield* call(place, {}, { env: { MARK: "own" } }), { cwd: true, url: true, marked: "own" })
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("gives dates, typed arrays and nothing as JSON has them", () =>
    Effect.gen(function*() {
      const day = JsFunction.make({ module, name: "day", args: { at: Schema.Date }, returns: Schema.Date })
      assert.strictEqual((yield* call(day, { at: new Date(5) })).getTime(), 5)
      const numbers = JsFunction.make({ module, name: "numbers", args: {}, returns: Schema.Array(Schema.Number) })
      assert.deepStrictEqual(yield* call(numbers, {}), [1, 2.5])
      const nothing = work("nothing", { args: {}, returns: Schema.Void })
      assert.strictEqual(yield* call(nothing, {}), undefined)
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("reports while it runs, beside what it prints", () =>
    Effect.gen(function*() {
      const { target } = yield* LocalTarget.make
      const events = yield* Stream.runCollect(FunctionCall.stream(target, slowly, { steps: 3 }))
      const told = Array.from(events).filter(({ _tag }) => _tag !== "Output")
      assert.deepStrictEqual(told, [
        { _tag: "Reported", value: { done: 1 } },
        { _tag: "Reported", value: { done: 2 } },
        { _tag: "Reported", value: { done: 3 } },
        { _tag: "Returned", value: "done" }
      ])
      const printed = Array.from(events).flatMap((event) => event._tag === "Output" ? [event.text] : []).join("")
      assert.strictEqual(printed, "step 1\nstep 2\nstep 3\n")
      const wrong = JsFunction.make({
        module,
        name: "slowly",
        args: { steps: Schema.Int },
        returns: Schema.String,
        progress: Schema.String
      })
      const error = yield* Effect.flip(Stream.runDrain(FunctionCall.progress(target, wrong, { steps: 1 })))
      assert.deepInclude(error, { _tag: "FunctionError", reason: "Progress", function: "slowly" })
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("brings errors with the user's files and lines, and none of ours", () =>
    Effect.gen(function*() {
      const throws = work("throws", { args: { name: Schema.String }, returns: Schema.Never })
      const error = yield* failure(throws, { name: "you" })
      assert.deepInclude(error, {
        _tag: "FunctionError",
        language: "JavaScript",
        reason: "Raised",
        exception: "Unwelcome",
        detail: "you is not welcome"
      })
      const traceback = error.traceback ?? ""
      assert.include(traceback, "Unwelcome: you is not welcome\n    at refuse (test/tasks/functions/greeting.ts:9:9)")
      assert.match(traceback, /throws \(test\/tasks\/functions\/work\.ts:23:10\)/)
      assert.include(traceback, "[cause]: RangeError: inner")
      assert.notMatch(traceback, /lazycluster-|data:|node:internal/)
    }).pipe(Effect.provide(NodeContext.layer)))

  const failures: ReadonlyArray<readonly [kind: string, expected: Record<string, unknown>]> = [
    ["NaN", { reason: "Result", detail: "result.list[1] is NaN, which JSON cannot say" }],
    ["Map", { reason: "Result", detail: "result is a Map, which JSON cannot say" }],
    ["circle", { reason: "Result", detail: "result is nested too deeply, which JSON cannot say" }],
    ["exit", { reason: "Ended", detail: "its process ended with exit code 7 before it answered", log: ["last words"] }],
    ["never", { reason: "Raised", detail: "its promise is never settled: nothing is left to wait for" }],
    ["stray", { reason: "Raised", exception: "Error", detail: "stray" }],
    ["text", { reason: "Raised", exception: "string", detail: "'a text'" }]
  ]
  for (const [kind, expected] of failures) {
    it.scopedLive(`tells of ${kind}`, () =>
      Effect.gen(function*() {
        const error = yield* failure(bad, { kind })
        for (const [key, value] of Object.entries(expected)) assert.deepEqual(Reflect.get(error, key), value, key)
      }).pipe(Effect.provide(NodeContext.layer)))
  }

  const sources: ReadonlyArray<readonly [what: string, module: string | URL, name: string, detail: RegExp]> = [
    ["a module that is not there", "./nowhere.ts", "f", /^Could not resolve ".*nowhere\.ts"$/],
    [
      "an export that is not there",
      module,
      "goodbye",
      /^No matching export in "test\/tasks\/functions\/work\.ts" for import "goodbye"$/
    ],
    ["an export that is no function", module, "notAFunction", /^notAFunction is a number, not a function$/]
  ]
  for (const [what, module, name, detail] of sources) {
    it.scopedLive(`tells of ${what}`, () =>
      Effect.gen(function*() {
        const error = yield* failure(JsFunction.make({ module, name, args: {}, returns: Schema.Unknown }), {})
        assert.deepInclude(error, { _tag: "FunctionError", reason: "Source", function: name })
        assert.match(error.detail, detail)
        assert.isDefined(error.hint)
      }).pipe(Effect.provide(NodeContext.layer)))
  }

  it.scopedLive("names the line of a module that does not compile", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* fs.makeTempDirectoryScoped()
      yield* fs.writeFileString(`${directory}/a.ts`, "export const a = 1\nexport const f = ( => 1\n")
      const f = JsFunction.make({ module: `${directory}/a.ts`, name: "f", args: {}, returns: Schema.Unknown })
      const error = yield* failure(f, {})
      assert.match(error.detail, /a\.ts:2: Unexpected/)
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("can use CommonJS modules, and __dirname", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* fs.makeTempDirectoryScoped()
      yield* fs.writeFileString(
        `${directory}/b.cjs`,
        "const path = require('path')\nexports.b = () => path.basename(__dirname)\n"
      )
      yield* fs.writeFileString(
        `${directory}/a.mjs`,
        "import { b } from './b.cjs'\nawait 0\nexport const f = () => b()\n"
      )
      const f = JsFunction.make({ module: `${directory}/a.mjs`, name: "f", args: {}, returns: Schema.String })
      assert.strictEqual(yield* call(f, {}), "work")
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("says that there is no Node, or one too old", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* fs.makeTempDirectoryScoped()
      const missing = yield* Effect.flip(call(hello, { name: "" }, { interpreter: `${directory}/node` }))
      assert.strictEqual(missing._tag, "SshError")
      // What an old Node answers, said by a new one.
      const old = `${directory}/old-node`
      const node = execFileSync("sh", ["-c", "command -v node"], { encoding: "utf8" }).trim()
      yield* fs.writeFileString(
        `${directory}/old.cjs`,
        "Object.defineProperty(process, 'versions', { value: { node: '12.22.1' } })"
      )
      yield* fs.writeFileString(old, `#!/bin/sh\nexec ${node} --require ${directory}/old.cjs "$@"\n`)
      yield* fs.chmod(old, 0o755)
      const error = yield* failure(hello, { name: "" }, { interpreter: old })
      assert.deepInclude(error, { _tag: "FunctionError", reason: "Interpreter", log: ["12.22.1 is too old"] })
      assert.include(error.hint, "Node 18")
    }).pipe(Effect.provide(NodeContext.layer)))
})
