/** What holds for functions of both languages on hosts with a guardian: they end with who called them. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import * as FunctionCall from "../../src/tasks/FunctionCall.ts"
import * as JsFunction from "../../src/tasks/JsFunction.ts"
import * as PythonFunction from "../../src/tasks/PythonFunction.ts"
import type { RemoteFunction } from "../../src/tasks/RemoteFunction.ts"
import * as RuntimeTask from "../../src/tasks/RuntimeTask.ts"
import * as TaskRunner from "../../src/tasks/TaskRunner.ts"
import * as Sandbox from "../../src/testing/Sandbox.ts"
import { services } from "../faults/faulty.ts"
import { withoutIndex } from "../services/localPython.ts"
import type * as functions from "./functions/work.ts"

const work = JsFunction.fromModule<typeof functions>(
  new URL("./functions/work.ts", import.meta.url)
)

const forever: ReadonlyArray<RemoteFunction<object, unknown, unknown, unknown, number>> = [
  PythonFunction.make({
    source: "import os, time\ndef forever():\n  lazycluster.report(os.getpid())\n  time.sleep(1000)",
    args: {},
    returns: Schema.Void,
    progress: Schema.Number
  }),
  work("forever", { args: {}, returns: Schema.Never, progress: Schema.Number })
]

const echo = [
  PythonFunction.make({
    source: "def echo(x): return x",
    args: { x: Schema.String },
    returns: Schema.String
  }),
  JsFunction.make({
    module: new URL("./functions/work.ts", import.meta.url),
    name: "same",
    args: { x: Schema.String },
    returns: Schema.String
  })
]

const onSandbox = Layer.unwrapScoped(
  Effect.map(Sandbox.make({ hosts: 1 }), (sandbox) => services(sandbox, sandbox.configFile))
).pipe(Layer.provideMerge(NodeContext.layer))

/** A zombie has, too: Node, its parent here, has not heard of it yet. */
const ended = (pid: number) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const stat = yield* Effect.orElseSucceed(fs.readFileString(`/proc/${pid}/stat`), () => "")
    return stat === "" || /\) [ZX] /.test(stat)
  })

describe.each(forever.map((f) => [f.code._tag, f] as const))("a function of %s", (_, f) => {
  it.live("ends on the host when its call is interrupted", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const runtime = yield* Runtime.make("host-1")
      const started = yield* Deferred.make<number>()
      const fiber = yield* Effect.fork(
        Stream.runForEach(FunctionCall.progress(runtime, f, {}), (pid) => Deferred.succeed(started, pid))
      )
      const pid = yield* Effect.raceFirst(
        Deferred.await(started),
        Effect.flatMap(Fiber.join(fiber), () => Effect.never)
      )
      assert.isTrue(yield* fs.exists(`/proc/${pid}`))
      yield* Fiber.interrupt(fiber)
      assert.isTrue(yield* ended(pid))
    }).pipe(Effect.scoped, Effect.provide(onSandbox)))

  it.live("ends with the task whose stream is left, which told what it reported", () =>
    Effect.gen(function*() {
      const runtime = yield* Runtime.make("host-1")
      const task = RuntimeTask.make("endless").pipe(RuntimeTask.runFunction(f, {}))
      const reported = yield* TaskRunner.stream(runtime, task).pipe(
        Stream.filter((event) => event._tag === "Reported"),
        Stream.runHead,
        Effect.flatten
      )
      assert.deepInclude(reported, { step: 0, function: "forever" })
      assert.isTrue(yield* ended(Number(reported.value)))
    }).pipe(Effect.scoped, Effect.provide(onSandbox)))
})

const megabytes = 100_000_000

describe.each(echo.map((f) => [f.code._tag, f] as const))("a function of %s", (_, f) => {
  it.live("takes and gives a hundred megabytes", () =>
    Effect.gen(function*() {
      const runtime = yield* Runtime.manager()
      const x = "0123456789abcdef\n\"ä".repeat(megabytes / 20)
      const task = RuntimeTask.make("large").pipe(RuntimeTask.runFunction(f, { x }))
      const { returns } = yield* Runtime.execute(runtime, task)
      // Not an assertion on the texts: its message would hold both.
      assert.isTrue(returns[0] === x)
    }).pipe(Effect.scoped, Effect.provide(onSandbox)))

  it.live("is told of when its interpreter is not there", () =>
    Effect.gen(function*() {
      const runtime = yield* Runtime.make("host-1")
      const interpreter = "/nowhere/interpreter"
      const error = yield* Effect.flip(FunctionCall.call(runtime, f, { x: "" }, { interpreter }))
      assert.deepInclude(error, { _tag: "FunctionError", reason: "Interpreter", language: f.code._tag, host: "host-1" })
      assert.include(error.hint, "`interpreter`")
      const task = RuntimeTask.make("t").pipe(RuntimeTask.runFunction(f, { x: "" }, { interpreter }))
      assert.deepInclude(yield* Effect.flip(Runtime.execute(runtime, task)), { reason: "Function", step: 0 })
    }).pipe(Effect.scoped, Effect.provide(onSandbox)))

  it.live("gives no more than was allowed", () =>
    Effect.gen(function*() {
      const runtime = yield* Runtime.make("host-1")
      const error = yield* Effect.flip(
        FunctionCall.call(runtime, f, { x: "x".repeat(200_000) }, { resultLimit: 100_000 })
      )
      assert.deepInclude(error, {
        _tag: "FunctionError",
        reason: "Result",
        detail: "its answer is more than 100000 bytes"
      })
    }).pipe(Effect.scoped, Effect.provide(onSandbox)))
})

describe("requirements", () => {
  it.live("come from the manager where the host finds no index", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const cache = yield* fs.makeTempDirectoryScoped()
      const sandbox = yield* Sandbox.make({ hosts: 1, cache })
      const version = PythonFunction.make({
        source: "import toolz\ndef version(): return [toolz.__version__, toolz.__file__]",
        requirements: ["toolz==1.0.0"],
        args: {},
        returns: Schema.Tuple(Schema.String, Schema.String)
      })
      yield* Effect.gen(function*() {
        const runtime = yield* Runtime.make("host-1", { environment: withoutIndex })
        const [found, file] = yield* FunctionCall.call(runtime, version, {})
        assert.strictEqual(found, "1.0.0")
        assert.isTrue(file.startsWith(cache), file)
      }).pipe(Effect.scoped, Effect.provide(services(sandbox, sandbox.configFile)))
    }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)))
})
