import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, layer } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as DaskClient from "../../src/clusters/DaskClient.ts"
import type { DaskError } from "../../src/clusters/DaskClient.ts"
import * as PythonFunction from "../../src/tasks/PythonFunction.ts"
import * as LocalDask from "./localDask.ts"

type Made = Effect.Effect.Success<ReturnType<typeof LocalDask.make>>

class Dask extends Context.Tag("test/Dask")<Dask, Made & { readonly shared: DaskClient.DaskClient }>() {}

const daskLayer = Layer.scoped(
  Dask,
  Effect.gen(function*() {
    const made = yield* LocalDask.make(2)
    return { ...made, shared: yield* made.client }
  })
).pipe(Layer.provideMerge(NodeContext.layer))

const square = PythonFunction.make({
  source: "def square(x): return x ** 2",
  args: { x: Schema.Number },
  returns: Schema.Number
})
const neg = PythonFunction.make({
  source: "def neg(x): return -x",
  args: { x: Schema.Number },
  returns: Schema.Number
})
const total = PythonFunction.make({
  source: "def total(xs): return sum(xs)",
  args: { xs: Schema.Array(Schema.Number) },
  returns: Schema.Number
})
const bad = PythonFunction.make({
  source: "class Bad(Exception): pass\ndef bad(x):\n  raise Bad(f'no {x}')",
  args: { x: Schema.Number },
  returns: Schema.Number
})
const untilThere = PythonFunction.make({
  source: "import os, time\ndef until_there(path):\n  while not os.path.exists(path): time.sleep(0.02)\n  return path",
  args: { path: Schema.String },
  returns: Schema.String
})

const python = <A>(source: string, returns: Schema.Schema<A>) => PythonFunction.make({ source, args: {}, returns })

const failure = <A>(effect: Effect.Effect<A, DaskError>): Effect.Effect<DaskError, A> => Effect.flip(effect)

layer(daskLayer, { timeout: "5 minutes", excludeTestServices: true })("DaskClient", (it) => {
  it.effect("squares, negates and sums on the cluster", () =>
    Effect.gen(function*() {
      const { shared } = yield* Dask
      const squares = yield* shared.map(square, [...Array(10).keys()].map((x) => ({ x })))
      const negated = yield* shared.map(neg, squares.map((x) => ({ x })))
      const sum = yield* shared.submit(total, { xs: negated })
      assert.strictEqual(yield* shared.result(sum), -285)
      assert.deepStrictEqual(yield* shared.gather(negated), [...Array(10).keys()].map((x) => 0 - x ** 2))
    }))

  it.effect("takes values and futures in one list, in order", () =>
    Effect.gen(function*() {
      const { shared } = yield* Dask
      const join = PythonFunction.make({
        source: "def join(parts, end='.'): return ' '.join(map(str, parts)) + end",
        args: { parts: Schema.Array(Schema.Number), end: Schema.optional(Schema.String) },
        returns: Schema.String
      })
      const nine = yield* shared.submit(square, { x: 3 })
      assert.strictEqual(yield* shared.result(yield* shared.submit(join, { parts: [1, nine, 2, nine] })), "1 9 2 9.")
    }))

  it.effect("keeps values as Python's own between functions", () =>
    Effect.gen(function*() {
      const { shared } = yield* Dask
      const point = python(
        "class Point:\n  def __init__(self, x): self.x = x\ndef point(): return Point(3)",
        Schema.Unknown
      )
      const read = PythonFunction.make({
        source: "def read(points): return [type(p).__name__ + str(p.x) for p in points]",
        args: { points: Schema.Array(Schema.Unknown) },
        returns: Schema.Array(Schema.String)
      })
      const points = yield* Effect.forEach(["w1", "w2"], (worker) => shared.submit(point, {}, { workers: [worker] }))
      const read2 = yield* shared.submit(read, { points })
      assert.deepStrictEqual(yield* shared.result(read2), ["Point3", "Point3"])
      const error = yield* failure(shared.result(yield* shared.submit(point, {})))
      assert.deepInclude(error, {
        _tag: "FunctionError",
        reason: "Result",
        detail: "a value of type Point is not JSON"
      })
    }))

  it.effect("runs functions of files with their own modules, two of one name apart; reports are heard by nobody", () =>
    Effect.gen(function*() {
      const { shared } = yield* Dask
      const fs = yield* FileSystem.FileSystem
      const of = (factor: number) =>
        Effect.gen(function*() {
          const directory = yield* fs.makeTempDirectoryScoped()
          const source = "import helper\ndef run(x):\n  lazycluster.report(x)\n  return helper.Scaled(x)\n"
          yield* fs.writeFileString(`${directory}/run.py`, source)
          yield* fs.writeFileString(
            `${directory}/helper.py`,
            `class Scaled:\n  def __init__(self, x): self.x = ${factor} * x\n  def __str__(self): return str(self.x)\n`
          )
          return yield* PythonFunction.fromFile({
            file: `${directory}/run.py`,
            name: "run",
            args: { x: Schema.Number },
            returns: Schema.Unknown
          })
        })
      const text = PythonFunction.make({
        source: "def text(value): return str(value)",
        args: { value: Schema.Unknown },
        returns: Schema.String
      })
      const functions = yield* Effect.forEach([2, 3, 5], of)
      const texts = yield* Effect.forEach(functions, (run) =>
        Effect.gen(function*() {
          const value = yield* shared.submit(run, { x: 7 }, { workers: ["w1"] })
          // An instance of a class that the other worker has never seen.
          return yield* shared.submit(text, { value }, { workers: ["w2"] })
        }))
      assert.deepStrictEqual(yield* shared.gather(texts), ["14", "21", "35"])
    }).pipe(Effect.scoped))

  it.effect("brings an exception with its traceback, also to what depends on it", () =>
    Effect.gen(function*() {
      const { shared } = yield* Dask
      const failed = yield* shared.submit(bad, { x: 1 }, { workers: ["w2"] })
      const after = yield* shared.submit(neg, { x: failed })
      for (const wait of [shared.result(failed), shared.result(after), shared.gather([after, failed])]) {
        const error = yield* failure<unknown>(wait)
        assert.deepInclude(error, {
          _tag: "FunctionError",
          reason: "Raised",
          host: "w2",
          function: "bad",
          exception: "Bad",
          detail: "no 1",
          traceback: [
            "Traceback (most recent call last):",
            `  File "<bad>", line 3, in bad`,
            "    raise Bad(f'no {x}')",
            "Bad: no 1",
            ""
          ].join("\n")
        })
      }
    }))

  it.effect("refuses arguments and results that the schemas refuse", () =>
    Effect.gen(function*() {
      const { shared } = yield* Dask
      const arguments_ = yield* failure(shared.submit(square, { x: Number.NaN }))
      assert.deepInclude(arguments_, { _tag: "FunctionError", reason: "Arguments", function: "square" })
      const text = yield* shared.submit(python("def text(): return 'x'", Schema.Number), {})
      assert.deepInclude(yield* failure(shared.result(text)), {
        _tag: "FunctionError",
        reason: "Result",
        function: "text"
      })
      const unnamed = yield* failure(shared.submit(python("x = 1", Schema.Number), {}))
      assert.deepInclude(unnamed, { _tag: "FunctionError", reason: "Source" })
      const parameter = yield* shared.submit(python("def f(x): return x", Schema.Number), {})
      assert.deepInclude(yield* failure(shared.result(parameter)), {
        reason: "Arguments",
        detail: "missing a required argument: 'x'"
      })
    }))

  it.effect("cancels what waits, and says so to whoever waits for it", () =>
    Effect.gen(function*() {
      const { shared, target, workingDirectory } = yield* Dask
      const waiting = yield* shared.submit(untilThere, { path: `${workingDirectory}/cancelled` })
      const after = yield* shared.submit(untilThere, { path: waiting })
      const waiters = yield* Effect.forEach([waiting, after], (future) => Effect.fork(failure(shared.result(future))))
      yield* Effect.yieldNow()
      yield* shared.cancel(waiting)
      for (const waiter of waiters) assert.strictEqual((yield* Fiber.join(waiter)).reason, "Cancelled")
      assert.strictEqual((yield* failure(shared.result(waiting))).reason, "Cancelled")
      assert.strictEqual((yield* failure(shared.submit(untilThere, { path: waiting }))).reason, "Cancelled")
      yield* Effect.scoped(Effect.flatMap(target.exec({ argv: ["touch", "cancelled"] }), ({ exit }) => exit))
    }))

  it.effect("leaves the task running when the wait for it is interrupted", () =>
    Effect.gen(function*() {
      const { shared, target, workingDirectory } = yield* Dask
      const path = `${workingDirectory}/go`
      const future = yield* shared.submit(untilThere, { path })
      const waiter = yield* Effect.fork(shared.result(future))
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(waiter)
      yield* Effect.scoped(Effect.flatMap(target.exec({ argv: ["touch", path] }), ({ exit }) => exit))
      assert.strictEqual(yield* shared.result(future), path)
    }))

  it.effect("knows no future that was released", () =>
    Effect.gen(function*() {
      const { shared } = yield* Dask
      const future = yield* shared.submit(square, { x: 2 })
      yield* shared.release(future)
      assert.strictEqual((yield* failure(shared.result(future))).reason, "Released")
    }))

  it.effect("tells who holds what, and who is there", () =>
    Effect.gen(function*() {
      const { address, shared } = yield* Dask
      const info = yield* shared.info
      assert.strictEqual(info.scheduler.address, address)
      assert.deepStrictEqual(info.workers.map(({ name, threads }) => [name, threads]).sort(), [["w1", 2], ["w2", 2]])
      assert.strictEqual(info.workers[0]?.versions["distributed"], "2026.8.0")
      const futures = yield* Effect.forEach(["w2", "w1"], (worker) =>
        shared.submit(square, { x: 1 }, { workers: [worker] }))
      yield* shared.gather(futures)
      assert.deepStrictEqual(
        (yield* shared.whoHas(futures)).map((holders) =>
          holders.map(({ name }) => name)
        ),
        [["w2"], [
          "w1"
        ]]
      )
      assert.strictEqual((yield* failure(shared.waitForWorkers(3, "100 millis"))).reason, "Timeout")
    }))

  it.effect("has a thousand calls in flight, each with its own answer", () =>
    Effect.gen(function*() {
      const { shared } = yield* Dask
      const results = yield* Effect.forEach(
        Array(1000).keys(),
        (x) => Effect.flatMap(shared.submit(square, { x }), shared.result),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(results, [...Array(1000).keys()].map((x) => x ** 2))
    }))

  it.effect("carries megabytes, and text that looks like Dask's keys", () =>
    Effect.gen(function*() {
      const { shared } = yield* Dask
      const echo = PythonFunction.make({
        source: "def echo(x): return x",
        args: { x: Schema.Unknown },
        returns: Schema.Unknown
      })
      const { key } = yield* shared.submit(square, { x: 2 })
      const x = { [key]: [key, { future: 0 }, "\n\0\u{1F600}"], large: "x".repeat(8_000_000) }
      assert.deepStrictEqual(yield* shared.result(yield* shared.submit(echo, { x })), x)
    }))

  it.effect("tries again as often as asked", () =>
    Effect.gen(function*() {
      const { shared, workingDirectory } = yield* Dask
      const flaky = PythonFunction.make({
        source:
          "import os\ndef flaky(path):\n  if not os.path.exists(path):\n    open(path, 'w').close()\n    raise OSError\n  return 1",
        args: { path: Schema.String },
        returns: Schema.Number
      })
      const path = `${workingDirectory}/flaky`
      assert.strictEqual(yield* shared.result(yield* shared.submit(flaky, { path }, { retries: 1 })), 1)
    }))

  it.effect("fails whoever waits when the driver is killed", () =>
    Effect.gen(function*() {
      const { driver, workingDirectory } = yield* Dask
      const scope = yield* Scope.make()
      const process = yield* Scope.extend(driver, scope)
      const client = yield* DaskClient.make({ process })
      const future = yield* client.submit(untilThere, { path: `${workingDirectory}/never` })
      const waiters = yield* Effect.forEach([1, 2, 3], () => Effect.fork(failure(client.result(future))))
      yield* Effect.yieldNow()
      yield* Scope.close(scope, Exit.void)
      for (const waiter of waiters) {
        assert.deepInclude(yield* Fiber.join(waiter), { _tag: "DaskClientError", reason: "DriverLost" })
      }
      const late = yield* failure(client.submit(square, { x: 1 }))
      assert.deepInclude(late, { reason: "DriverLost", detail: "the driver was ended by SIGKILL" })
    }).pipe(Effect.scoped))

  it.effect("ends the driver with the scope", () =>
    Effect.gen(function*() {
      const { driver } = yield* Dask
      const process = yield* driver
      yield* Effect.scoped(Effect.flatMap(DaskClient.make({ process }), (client) => client.submit(square, { x: 1 })))
      assert.deepStrictEqual(yield* process.exit, { code: 0 })
    }).pipe(Effect.scoped))

  it.effect("says why there is no connection", () =>
    Effect.gen(function*() {
      const { bin, target } = yield* Dask
      const open = (python: string) =>
        Effect.gen(function*() {
          const { program, words } = yield* DaskClient.invocation("tcp://127.0.0.1:1", "1 second")
          const process = yield* target.python(program, words, { python })
          return yield* Effect.flip(DaskClient.make({ process }))
        })
      const refused = yield* open(`${bin}/python`)
      assert.strictEqual(refused.reason, "Scheduler")
      assert.include(refused.detail, "127.0.0.1:1")
      const without = yield* open("/usr/bin/env")
      assert.deepInclude(without, { reason: "DriverLost" })
      assert.include(without.log?.join("\n"), "env")
    }).pipe(Effect.scoped))
})

describe("a Dask cluster that goes", () => {
  layer(NodeContext.layer, { excludeTestServices: true })("", (it) => {
    it.scoped(
      "tells of a function that kills its workers, and of a scheduler that has gone",
      () =>
        Effect.gen(function*() {
          const dask = yield* LocalDask.make(5)
          const client = yield* dask.client
          const deadly = yield* client.submit(python("import os\ndef deadly(): os._exit(1)", Schema.Unknown), {})
          const error = yield* failure(client.result(deadly))
          assert.strictEqual(error.reason, "WorkerKilled")
          assert.include(error.detail, "KilledWorker")

          const future = yield* client.submit(untilThere, { path: `${dask.workingDirectory}/never` })
          const started = yield* Deferred.make<void>()
          const waiter = yield* Effect.fork(
            Effect.zipRight(Deferred.succeed(started, undefined), failure(client.result(future)))
          )
          yield* Deferred.await(started)
          yield* dask.stop
          assert.deepInclude(yield* Fiber.join(waiter), { _tag: "DaskClientError", reason: "Scheduler" })
        }),
      300_000
    )
  })
})
