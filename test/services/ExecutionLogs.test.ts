/** The logs in a folder: those that the log itself has written, and what is added while somebody looks. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as ExecutionLog from "../../src/services/ExecutionLog.ts"
import * as ExecutionLogs from "../../src/services/ExecutionLogs.ts"

const folder = Effect.flatMap(FileSystem.FileSystem, (fs) => fs.makeTempDirectoryScoped())

/** Writes a log as a task does. */
const write = (options: ExecutionLog.Options, host: string, task: string, lines: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const { open } = yield* ExecutionLog.ExecutionLog
    const log = yield* open({ host, task })
    yield* log.stepStarted(0, "RunCommand", "run it")
    yield* Effect.forEach(lines, (line) => log.output("stdout", `${line}\n`))
    yield* log.stepEnded(0, { duration: Duration.millis(5), exitCode: 0 })
  }).pipe(Effect.scoped, Effect.provide(ExecutionLog.layer(options)))

const texts = (lines: ReadonlyArray<ExecutionLogs.Line>) => lines.map(({ text }) => text)

describe("ExecutionLogs", () => {
  it.effect("lists logs in the order of their start, whatever their names hold", () =>
    Effect.gen(function*() {
      const directory = yield* folder
      assert.deepStrictEqual(yield* ExecutionLogs.list(directory), [])
      yield* write({ directory, format: "json" }, "b/ü", "té st", ["x"])
      yield* TestClock.adjust("5 seconds")
      yield* write({ directory }, "a", "run", ["y"])
      yield* write({ directory }, "a", "run", ["z"])
      const logs = yield* ExecutionLogs.list(directory)
      assert.deepStrictEqual(
        logs.map(({ format, host, started, task }) => [host, task, format, DateTime.toEpochMillis(started)]),
        [
          ["b/ü", "té st", "json", 0],
          ["a", "run", "text", 5000],
          ["a", "run", "text", 5000]
        ]
      )
      assert.lengthOf(yield* ExecutionLogs.list(directory, { host: "b/ü", task: "té st" }), 1)
      assert.lengthOf(yield* ExecutionLogs.list(directory, { host: "b" }), 0)
    }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)))

  it.effect("gives the last lines, of both forms and of rotated files, and passes over what a crash has cut", () =>
    Effect.gen(function*() {
      const directory = yield* folder
      const fs = yield* FileSystem.FileSystem
      const numbers = Array.from({ length: 40 }, (_, index) => `line ${index}`)
      yield* write({ directory, format: "json", rotate: { bytes: 2000, files: 20 } }, "a", "one", numbers)
      yield* TestClock.adjust("1 seconds")
      yield* write({ directory }, "a", "two", ["last"])
      const [one] = yield* ExecutionLogs.list(directory, { task: "one" })
      yield* fs.writeFileString(one?.file ?? "", "{\"_tag\":\"Outp", { flag: "a" })
      assert.deepStrictEqual(texts(yield* ExecutionLogs.last(directory, 5)), [
        "line 39",
        "# step 0 ended after 5ms",
        "# step 0: run it",
        "last",
        "# step 0 ended after 5ms"
      ])
      const all = yield* ExecutionLogs.last(directory, 1000, { task: "one" })
      assert.deepStrictEqual(texts(all), ["# step 0: run it", ...numbers, "# step 0 ended after 5ms"])
      assert.strictEqual(all[1]?.from, "stdout")
      assert.deepStrictEqual(texts(yield* ExecutionLogs.last(directory, 0)), [])
      const since = DateTime.unsafeMake(1)
      assert.deepStrictEqual(texts(yield* ExecutionLogs.last(directory, 9, { task: "one", since })), [])
    }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)))

  it.scopedLive("follows what is written, also to new logs and over a rotation, with nothing twice", () =>
    Effect.gen(function*() {
      const directory = yield* folder
      yield* write({ directory, format: "json" }, "a", "old", ["0"])
      const heard = yield* Queue.unbounded<string>()
      const fiber = yield* Effect.fork(
        Stream.runForEach(ExecutionLogs.follow(directory, 1), ({ host, text }) => Queue.offer(heard, `${host} ${text}`))
      )
      const next = (count: number) => Effect.map(Queue.takeN(heard, count), Chunk.toReadonlyArray)
      assert.match((yield* next(1))[0] ?? "", /^a # step 0 ended/)
      const long = "x".repeat(200)
      yield* Effect.gen(function*() {
        const { open } = yield* ExecutionLog.ExecutionLog
        const log = yield* open({ host: "b", task: "new" })
        yield* log.output("stdout", "1\n")
        assert.deepStrictEqual(yield* next(1), ["b 1"])
        yield* log.output("stdout", `${long}\n2\n`)
        yield* log.output("stderr", "3\n")
        assert.deepStrictEqual(yield* next(3), [`b ${long}`, "b 2", "b 3"])
      }).pipe(
        Effect.scoped,
        Effect.provide(ExecutionLog.layer({ directory, format: "json", rotate: { bytes: 300, files: 9 } }))
      )
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(yield* Queue.size(heard), 0)
    }).pipe(Effect.provide(NodeContext.layer)))
})
