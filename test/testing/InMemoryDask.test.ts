import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { Cluster } from "../../src/clusters/Cluster.ts"
import * as DaskCluster from "../../src/clusters/DaskCluster.ts"
import * as RuntimeGroup from "../../src/runtimes/RuntimeGroup.ts"
import * as PythonFunction from "../../src/tasks/PythonFunction.ts"
import * as InMemoryDask from "../../src/testing/InMemoryDask.ts"
import * as InMemoryFunction from "../../src/testing/InMemoryFunction.ts"
import { InMemorySsh, layer, nothingLeft } from "../../src/testing/InMemorySsh.ts"
import * as VirtualTime from "../../src/testing/VirtualTime.ts"

const numbers = { returns: Schema.Number, source: "def f(): ..." }

const next = PythonFunction.make({ ...numbers, name: "next", args: { x: Schema.Number } })
const slow = PythonFunction.make({ ...numbers, name: "slow", args: { x: Schema.Number } })
const sum = PythonFunction.make({ ...numbers, name: "sum", args: { xs: Schema.Array(Schema.Number) } })
const broken = PythonFunction.make({ ...numbers, name: "broken", args: {} })
const unknown = PythonFunction.make({ ...numbers, name: "unknown", args: {} })

const commands = InMemoryDask.commands([
  InMemoryFunction.of(next, ({ x }) => Effect.succeed(x + 1)),
  InMemoryFunction.of(slow, ({ x }) => Effect.delay(Effect.succeed(x), "10 seconds")),
  InMemoryFunction.of(sum, ({ xs }) => Effect.succeed(xs.reduce((all, x) => all + x, 0))),
  InMemoryFunction.of(broken, () => Effect.fail(new RangeError("too far")))
])

const names = ["host-1", "host-2", "host-3"]

/** On a cluster of three workers, whose end leaves nothing. */
const onCluster = <A, E>(
  use: (dask: DaskCluster.DaskCluster) => Effect.Effect<A, E, InMemorySsh>,
  options: DaskCluster.Options = {}
) =>
  Effect.gen(function*() {
    const group = yield* RuntimeGroup.make(names)
    return yield* use(yield* DaskCluster.make(group, options))
  }).pipe(
    Effect.scoped,
    Effect.zipLeft(nothingLeft),
    VirtualTime.run(),
    Effect.provide(layer(names, { commands }))
  )

const pidOf = (cluster: Cluster, id: string) =>
  Effect.map(cluster.processes, (all) => all.find(({ plan }) => plan.id === id)?.service.pid ?? 0)

describe("Dask in memory", () => {
  it.live("maps, submits, hands values from worker to worker, and is gone at the end", () =>
    onCluster(({ client }) =>
      Effect.gen(function*() {
        const first = yield* client.map(next, [1, 2, 3, 4].map((x) => ({ x })))
        const second = yield* client.map(next, first.map((x) => ({ x })))
        const total = yield* client.submit(sum, { xs: second })
        assert.strictEqual(yield* client.result(total), 18)
        assert.deepStrictEqual(yield* client.gather(second), [3, 4, 5, 6])
        const holders = new Set((yield* client.whoHas(second)).flat().map(({ name }) => name))
        assert.isAbove(holders.size, 1)
        const info = yield* client.info
        assert.deepStrictEqual(info.workers.map(({ name, threads }) => [name, threads]), [
          ["worker-1", 4],
          ["worker-2", 4],
          ["worker-3", 4]
        ])
        assert.strictEqual(info.workers[0]?.versions["dask"], info.scheduler.versions["dask"])
        assert.isDefined(info.scheduler.versions["dask"])
      })
    ))

  it.live("tells what a function raises, and of one that is not there", () =>
    onCluster(({ client }) =>
      Effect.gen(function*() {
        const raised = yield* Effect.flip(Effect.flatMap(client.submit(broken, {}), client.result))
        assert.deepInclude(raised, {
          _tag: "FunctionError",
          reason: "Raised",
          exception: "RangeError",
          detail: "too far"
        })
        const missing = yield* Effect.flip(Effect.flatMap(client.submit(unknown, {}), client.result))
        assert.deepInclude(missing, { _tag: "FunctionError", function: "unknown" })
      })
    ))

  it.live("values are forgotten, cancelled, and waited for no longer", () =>
    onCluster(({ client }) =>
      Effect.gen(function*() {
        const one = yield* client.submit(next, { x: 1 })
        yield* client.result(one)
        yield* client.release(one)
        assert.deepInclude(yield* Effect.flip(client.result(one)), { reason: "Released" })
        const other = yield* client.submit(slow, { x: 1 })
        const waiting = yield* Effect.fork(Effect.flip(client.result(other)))
        yield* Effect.sleep("1 second")
        yield* client.cancel(other)
        assert.deepInclude(yield* Fiber.join(waiting), { reason: "Cancelled" })
      })
    ))

  it.live("calls, streams, pure calls and scattered values, as they finish; nothing of them stays", () =>
    onCluster(({ client, cluster }) =>
      Effect.gen(function*() {
        const xs = yield* client.scatter(Schema.Array(Schema.Number), [1, 2, 3], { broadcast: true })
        assert.strictEqual((yield* client.whoHas([xs]))[0]?.length, 3)
        assert.strictEqual(yield* client.call(sum, { xs }), 6)

        const numbers = Stream.range(1, 150).pipe(Stream.map((x) => ({ x })))
        const squares = yield* Stream.runCollect(client.mapStream(next, numbers, { inFlight: 40 }))
        assert.deepStrictEqual([...squares], Array.from({ length: 150 }, (_, x) => x + 2))

        const [one, same] = yield* client.map(next, [{ x: 1 }, { x: 1 }], { pure: true })
        assert.strictEqual(one?.key, same?.key)

        const futures = [yield* client.submit(slow, { x: 1 }), yield* client.submit(broken, {}, { key: "broken" })]
        const seen = yield* Stream.runCollect(client.asCompleted(futures))
        assert.deepStrictEqual(
          [...seen].map(({ future, index, result }) => [index, future.key, Either.isRight(result)]),
          [
            [1, "broken", false],
            [0, futures[0]?.key, true]
          ]
        )
        assert.deepStrictEqual([...yield* Stream.runCollect(client.progress(futures))].at(-1), {
          total: 2,
          finished: 1,
          failed: 1
        })

        // One at a time where there is one licence, though a worker has four threads.
        const before = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
        const licensed = { resources: { LICENSE: 1 }, workers: ["worker-1"] }
        yield* client.gather(yield* client.map(slow, [{ x: 1 }, { x: 2 }], licensed))
        const after = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
        assert.strictEqual(Math.floor((after - before) / 1000), 20)

        // A scattered value is no function's: it goes with the workers that hold it.
        for (const id of ["worker-1", "worker-2", "worker-3"]) {
          const place = `host-${id.slice(-1)}`
          const pid = yield* pidOf(cluster, id)
          yield* Effect.flatMap(InMemorySsh, (hosts) => hosts.kill(place, pid))
        }
        assert.deepInclude(yield* Effect.flip(client.result(xs)), { reason: "Cancelled" })
      }), { resources: { LICENSE: 1 } }))

  it.live("only the named workers, only so many at a time", () =>
    onCluster(({ client }) =>
      Effect.gen(function*() {
        const there = yield* client.map(next, [1, 2, 3].map((x) => ({ x })), { workers: ["worker-2"] })
        yield* client.gather(there)
        assert.deepStrictEqual((yield* client.whoHas(there)).flat().map(({ name }) => name), [
          "worker-2",
          "worker-2",
          "worker-2"
        ])
        const before = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
        yield* client.gather(yield* client.map(slow, [1, 2, 3, 4, 5, 6].map((x) => ({ x }))))
        const after = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
        // Three workers with a thread each.
        assert.strictEqual(Math.floor((after - before) / 1000), 20)
      }), { threads: 1 }))

  it.live("a worker that dies: what it ran runs elsewhere, what it held is made again", () =>
    onCluster(({ client, cluster }) =>
      Effect.gen(function*() {
        const hosts = yield* InMemorySsh
        const values = yield* client.map(next, Array.from({ length: 12 }, (_, x) => ({ x })))
        yield* client.gather(values)
        const running = yield* client.map(slow, [1, 2, 3].map((x) => ({ x })))
        yield* Effect.sleep("1 second")
        yield* hosts.kill("host-2", yield* pidOf(cluster, "worker-2"))
        assert.deepStrictEqual(yield* client.gather(running), [1, 2, 3])
        assert.strictEqual(yield* client.result(yield* client.submit(sum, { xs: values })), 78)
      })
    ))

  it.live("a scheduler that dies takes client and workers with it", () =>
    onCluster(({ client, cluster }) =>
      Effect.gen(function*() {
        const hosts = yield* InMemorySsh
        const value = yield* client.submit(slow, { x: 1 })
        yield* hosts.kill("(manager)", yield* pidOf(cluster, "scheduler"))
        assert.deepInclude(yield* Effect.flip(client.result(value)), { _tag: "DaskClientError", reason: "Scheduler" })
      }), { restart: Schedule.stop.pipe(Schedule.map(() => "")) }).pipe(
        Effect.either,
        Effect.map((ended) => assert.isTrue(Either.isRight(ended)))
      ))
})
