/** Calls of many kinds on a real scheduler with two workers of two threads; `w1` has a resource that `w2` does not have. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, layer } from "@effect/vitest"
import { assertSome } from "@effect/vitest/utils"
import * as Chunk from "effect/Chunk"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as process from "node:process"
import type * as DaskClient from "../../src/clusters/DaskClient.ts"
import * as PythonFunction from "../../src/tasks/PythonFunction.ts"
import * as patience from "../patience.ts"
import * as LocalDask from "./localDask.ts"

class Dask extends Context.Tag("test/Dask")<Dask, {
  readonly client: DaskClient.DaskClient
  readonly directory: string
}>() {}

const daskLayer = Layer.scoped(
  Dask,
  Effect.gen(function*() {
    const made = yield* LocalDask.make(2)
    return { client: yield* made.client, directory: made.workingDirectory }
  })
).pipe(Layer.provideMerge(NodeContext.layer))

const square = PythonFunction.make({
  source: "def square(x): return x ** 2",
  args: { x: Schema.Number },
  returns: Schema.Number
})
const odd = PythonFunction.make({
  source: "def odd(x):\n  if x % 2 == 0: raise ValueError(x)\n  return x",
  args: { x: Schema.Number },
  returns: Schema.Number
})
/** Writes down that it runs, and runs until a file is there. */
const note = PythonFunction.make({
  source: `import os, time
def note(log, text, until=None):
  with open(log, 'a') as file: file.write(text + '\\n')
  while until is not None and not os.path.exists(until): time.sleep(0.02)
  return text`,
  args: { log: Schema.String, text: Schema.String, until: Schema.optional(Schema.String) },
  returns: Schema.String
})
/** How many tasks the scheduler knows beside this one. */
const others = PythonFunction.make({
  source: `from distributed import get_client
def others():
  return get_client().run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks)) - 1`,
  args: {},
  returns: Schema.Int
})
const length = PythonFunction.make({
  source: "def length(xs): return len(xs)",
  args: { xs: Schema.Array(Schema.Number) },
  returns: Schema.Int
})

/** What was released goes when the scheduler has heard of it. */
const nothingLeft = (client: DaskClient.DaskClient) => patience.until(client.call(others, {}), (left) => left === 0)

const linesOf = (path: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readFileString(path)).pipe(
    Effect.map((text) => text.trim().split("\n")),
    Effect.orElseSucceed((): ReadonlyArray<string> => [])
  )

const lineOf = (path: string, text: string) => patience.until(linesOf(path), (lines) => lines.includes(text))

const touch = (path: string) => Effect.flatMap(FileSystem.FileSystem, (fs) => fs.writeFileString(path, ""))

layer(daskLayer, { timeout: "5 minutes", excludeTestServices: true })("Calls on Dask", (it) => {
  it.effect("ten thousand, in order, with a bounded number of them on the cluster; none stays there", () =>
    Effect.gen(function*() {
      const { client } = yield* Dask
      const taken = yield* Ref.make(0)
      const ahead = yield* Ref.make(0)
      const args = Stream.range(0, 9999).pipe(
        Stream.rechunk(1),
        Stream.tap(() => Ref.update(taken, (n) => n + 1)),
        Stream.map((x) => ({ x }))
      )
      const before = process.memoryUsage().heapUsed
      const last = yield* client.mapStream(square, args).pipe(
        Stream.runFoldEffect(0, (index, value) =>
          Effect.gen(function*() {
            assert.strictEqual(value, index ** 2)
            const now = yield* Ref.get(taken)
            yield* Ref.update(ahead, (most) => Math.max(most, now - index))
            return index + 1
          }))
      )
      assert.strictEqual(last, 10_000)
      // What is in flight, and a batch that is on its way to it.
      assert.isAtMost(yield* Ref.get(ahead), 1200)
      assert.isAbove(yield* Ref.get(ahead), 200)
      assert.isAtMost(process.memoryUsage().heapUsed - before, 100_000_000)
      assert.strictEqual(yield* nothingLeft(client), 0)
    }))

  it.effect("tells how far many are, and gathers them in order", () =>
    Effect.gen(function*() {
      const { client } = yield* Dask
      const futures = yield* client.map(square, Array.from({ length: 1200 }, (_, x) => ({ x })))
      const told = Chunk.toReadonlyArray(yield* Stream.runCollect(client.progress(futures)))
      assert.deepStrictEqual(told[0], { total: 1200, finished: 0, failed: 0 })
      assert.deepStrictEqual(told.at(-1), { total: 1200, finished: 1200, failed: 0 })
      assert.isTrue(told.every(({ finished }, index) => finished >= (told[index - 1]?.finished ?? 0)))
      assert.deepStrictEqual(yield* client.gather(futures), futures.map((_, x) => x ** 2))
      yield* client.release(futures)
      assert.strictEqual(yield* nothingLeft(client), 0)
    }))

  it.effect("gives values as they are made, failures among them", () =>
    Effect.gen(function*() {
      const { client, directory } = yield* Dask
      const until = `${directory}/last`
      const slow = yield* client.submit(note, { log: `${directory}/slow`, text: "slow", until })
      const quick = yield* client.map(odd, [1, 2, 3].map((x) => ({ x })))
      const seen = yield* client.asCompleted<string | number>([slow, ...quick, slow]).pipe(
        Stream.zipWithIndex,
        // The slow one is let go when all others have been seen.
        Stream.tap(([, at]) => at === 2 ? touch(until) : Effect.void),
        Stream.map(([{ index, result }]) => ({ index, value: Either.getOrElse(result, ({ reason }) => reason) })),
        Stream.runCollect
      )
      const values = Chunk.toReadonlyArray(seen)
      assert.deepStrictEqual(values.slice(0, 3).toSorted((a, b) => a.index - b.index), [
        { index: 1, value: 1 },
        { index: 2, value: "Raised" },
        { index: 3, value: 3 }
      ])
      assert.deepStrictEqual(values.slice(3), [{ index: 0, value: "slow" }, { index: 4, value: "slow" }])
      const told = yield* Stream.runLast(client.progress(quick))
      assertSome(told, { total: 3, finished: 2, failed: 1 })
      yield* client.release([slow, ...quick])
      assert.strictEqual((yield* Effect.flip(Stream.runDrain(client.asCompleted([slow])))).reason, "Released")
    }))

  it.effect("an interrupted call is taken off the cluster, and so is what a stream has there", () =>
    Effect.gen(function*() {
      const { client, directory } = yield* Dask
      const log = `${directory}/interrupted`
      const until = `${directory}/interrupted-go`
      const one = yield* Effect.fork(client.call(note, { log, text: "one", until }))
      const args = Stream.range(1, 20).pipe(Stream.map((x) => ({ log, text: `of stream ${x}`, until })))
      const many = yield* Effect.fork(Stream.runDrain(client.mapStream(note, args, { inFlight: 8 })))
      yield* lineOf(log, "one")
      yield* lineOf(log, "of stream 1")
      yield* Fiber.interruptAll([one, many])
      yield* touch(until)
      assert.strictEqual(yield* nothingLeft(client), 0)
      // No more than was in flight, although now all would run.
      assert.isAtMost((yield* linesOf(log)).length, 12)
      assert.strictEqual(yield* client.call(square, { x: 3 }), 9)
      const raised = yield* Effect.flip(client.call(odd, { x: 2 }))
      assert.deepInclude(raised, { reason: "Raised", detail: "2" })
    }))

  it.effect("scatters a value to one worker, or to all", () =>
    Effect.gen(function*() {
      const { client } = yield* Dask
      const names = (future: Parameters<typeof client.result>[0]) =>
        Effect.map(client.whoHas([future]), (held) => held.flat().map(({ name }) => name).sort())
      const xs = Array.from({ length: 1000 }, (_, x) => x)
      const there = yield* client.scatter(Schema.Array(Schema.Number), xs, { workers: ["w2"] })
      assert.deepStrictEqual(yield* names(there), ["w2"])
      const everywhere = yield* client.scatter(Schema.Array(Schema.Number), xs, { broadcast: true })
      assert.deepStrictEqual(yield* names(everywhere), ["w1", "w2"])
      assert.deepStrictEqual(yield* client.result(everywhere), xs)
      assert.strictEqual(yield* client.call(length, { xs: there }), 1000)
      const refused = yield* Effect.flip(client.scatter(Schema.Number, Number.NaN))
      assert.deepInclude(refused, { _tag: "FunctionError", reason: "Arguments" })
      yield* client.release([there, everywhere])
    }))

  it.effect("refuses a worker that is not there, which Dask would wait for, and takes addresses as well as names", () =>
    Effect.gen(function*() {
      const { client } = yield* Dask
      const workers = ["w1", "w9"]
      const refused = yield* Effect.all([
        Effect.flip(client.submit(square, { x: 1 }, { workers })),
        Effect.flip(client.map(square, [{ x: 1 }, { x: 2 }], { workers })),
        Effect.flip(client.scatter(Schema.Number, 1, { workers }))
      ])
      for (const error of refused) {
        assert.deepInclude(error, { _tag: "DaskClientError", reason: "Scheduler" })
        for (const part of ["no worker is named w9; there are w1, w2", "hint: "]) assert.include(error.message, part)
      }
      for (const { address, name } of (yield* client.info).workers) {
        const future = yield* client.submit(square, { x: 3 }, { workers: [address] })
        assert.strictEqual(yield* client.result(future), 9)
        assert.deepStrictEqual((yield* client.whoHas([future])).flat(), [{ address, name }])
        yield* client.release(future)
      }
      assert.strictEqual(yield* nothingLeft(client), 0)
    }))

  it.effect("of calls that are submitted together none stays where one cannot be", () =>
    Effect.gen(function*() {
      const { client } = yield* Dask
      const gone = yield* client.submit(square, { x: 1 })
      yield* client.release(gone)
      const refused = yield* Effect.flip(client.map(square, [{ x: 2 }, { x: gone }]))
      assert.deepInclude(refused, { _tag: "DaskClientError", reason: "Released" })
      assert.strictEqual(yield* nothingLeft(client), 0)
    }))

  it.effect("runs a pure call once, and what has a key under it", () =>
    Effect.gen(function*() {
      const { client, directory } = yield* Dask
      const log = `${directory}/pure`
      const [one, same] = yield* client.map(note, [{ log, text: "a" }, { log, text: "a" }], { pure: true })
      const other = yield* client.submit(note, { log, text: "b" }, { pure: true })
      if (one === undefined || same === undefined) return assert.fail("there are two")
      assert.deepStrictEqual(yield* client.gather([one, same, other]), ["a", "a", "b"])
      assert.strictEqual(one.key, same.key)
      // On two workers, in any order.
      assert.deepStrictEqual((yield* linesOf(log)).toSorted(), ["a", "b"])
      // It is held as long as one of them is.
      yield* client.release(one)
      assert.strictEqual(yield* client.result(same), "a")
      yield* client.release(same)
      assert.strictEqual((yield* Effect.flip(client.result(same))).reason, "Released")

      const named = yield* client.submit(square, { x: 4 }, { key: "sixteen" })
      const all = yield* client.map(square, [{ x: 1 }, { x: 2 }], { key: "some" })
      assert.deepStrictEqual([named, ...all].map(({ key }) => key), ["sixteen", "some-0", "some-1"])
      assert.deepStrictEqual(yield* client.gather([named, ...all]), [16, 1, 4])
      yield* client.release([other, named, ...all])
    }))

  it.effect("runs what asks for a resource where there is some, one at a time, by priority", () =>
    Effect.gen(function*() {
      const { client, directory } = yield* Dask
      assert.strictEqual(yield* nothingLeft(client), 0)
      const log = `${directory}/order`
      const until = `${directory}/order-go`
      const options = { resources: { SLOT: 1 } }
      const first = yield* client.submit(note, { log, text: "first", until }, options)
      yield* lineOf(log, "first")
      const rest = yield* Effect.forEach(
        [["low", -1], ["middle", 0], ["high", 1]] as const,
        ([text, priority]) => client.submit(note, { log, text }, { ...options, priority })
      )
      // The scheduler has them; and what it sends to a worker later comes there later.
      const there = client.call(others, {}, { workers: ["w1"] })
      yield* patience.until(there, (tasks) => tasks === 4)
      assert.strictEqual(yield* there, 4)
      yield* touch(until)
      yield* client.gather([first, ...rest])
      assert.deepStrictEqual(yield* linesOf(log), ["first", "high", "middle", "low"])
      const holders = (yield* client.whoHas([first, ...rest])).flat().map(({ name }) => name)
      assert.deepStrictEqual([...new Set(holders)], ["w1"])
    }))
})
