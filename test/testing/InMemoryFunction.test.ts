import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import * as ExecutionLog from "../../src/services/ExecutionLog.ts"
import * as FunctionCall from "../../src/tasks/FunctionCall.ts"
import * as JsFunction from "../../src/tasks/JsFunction.ts"
import * as PythonFunction from "../../src/tasks/PythonFunction.ts"
import * as RuntimeTask from "../../src/tasks/RuntimeTask.ts"
import * as TaskRunner from "../../src/tasks/TaskRunner.ts"
import * as InMemoryFunction from "../../src/testing/InMemoryFunction.ts"
import { InMemorySsh, layer } from "../../src/testing/InMemorySsh.ts"

const next = PythonFunction.make({
  source: "def next_day(day): pass",
  args: { day: Schema.Date },
  returns: Schema.Date,
  progress: Schema.NumberFromString
})

const hello = JsFunction.make({
  module: new URL("../tasks/functions/work.ts", import.meta.url),
  name: "hello",
  args: { name: Schema.String },
  returns: Schema.String
})

const day = 86_400_000

const commands = InMemoryFunction.commands([
  InMemoryFunction.of(next, ({ day: at }, report) =>
    at.getTime() === 0
      ? Effect.fail(new RangeError("no such day"))
      : report(0.5).pipe(
        Effect.zipRight(Effect.sleep("1 minute")),
        Effect.as(new Date(at.getTime() + day))
      )),
  InMemoryFunction.of(hello, ({ name }) => Effect.succeed(`Hello ${name}`.repeat(1000)))
])

const runner = TaskRunner.layer().pipe(
  Layer.provide([ExecutionLog.layerNoop, FileSystem.layerNoop({}), Path.layer])
)

const world = Layer.merge(layer(["host-1"], { commands }), runner)

describe("functions in memory", () => {
  it.scoped("take and give what their schemas say, under the clock of the test", () =>
    Effect.gen(function*() {
      const runtime = yield* Runtime.make("host-1")
      const fiber = yield* Effect.fork(
        Stream.runCollect(FunctionCall.stream(runtime, next, { day: new Date(day) }))
      )
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(Array.from(yield* Fiber.join(fiber)), [
        { _tag: "Reported", value: 0.5 },
        { _tag: "Returned", value: new Date(2 * day) }
      ])
    }).pipe(Effect.provide(world)))

  it.scoped("run as steps of tasks, in both languages", () =>
    Effect.gen(function*() {
      const runtime = yield* Runtime.make("host-1")
      const task = RuntimeTask.make("t").pipe(
        RuntimeTask.runFunction(hello, { name: "World" }),
        RuntimeTask.runFunction(next, { day: new Date(0) })
      )
      const error = yield* Effect.flip(Runtime.execute(runtime, task))
      assert.deepInclude(error, { reason: "Function", step: 1, detail: "next_day, Raised: RangeError: no such day" })
      const [text] = (yield* Runtime.execute(
        runtime,
        RuntimeTask.make("t").pipe(RuntimeTask.runFunction(hello, { name: "World" }))
      )).returns
      assert.strictEqual(text.length, 11_000)
    }).pipe(Effect.provide(world)))

  it.scoped("that nobody gave are told", () =>
    Effect.gen(function*() {
      const runtime = yield* Runtime.make("host-1")
      const other = PythonFunction.make({ source: "def other(): pass", args: {}, returns: Schema.Void })
      const error = yield* Effect.flip(FunctionCall.call(runtime, other, {}))
      assert.deepInclude(error, { reason: "Source", function: "other" })
    }).pipe(Effect.provide(world)))

  it.scoped("end when their call is interrupted", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const runtime = yield* Runtime.make("host-1")
      const running = Effect.map(hosts.processes("host-1"), (all) =>
        all.filter(({ argv }) => argv[0] === "lazycluster-function").length)
      const fiber = yield* Effect.fork(FunctionCall.call(runtime, next, { day: new Date(day) }))
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual(yield* running, 1)
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(yield* running, 0)
    }).pipe(Effect.provide(world)))
})
