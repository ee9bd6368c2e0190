/** Dask under load while its workers die and its size changes: the results are right. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Cluster from "../../src/clusters/Cluster.ts"
import type { ClusterEvent } from "../../src/clusters/ClusterEvent.ts"
import { daskWorkerPackages } from "../../src/clusters/daskPackages.ts"
import * as PythonFunction from "../../src/tasks/PythonFunction.ts"
import * as Sandbox from "../../src/testing/Sandbox.ts"
import { tries } from "../patience.ts"
import { live } from "./daskLife.ts"
import { kill } from "./kill.ts"

const slowSquare = PythonFunction.make({
  source: "def slow_square(x):\n    import time\n    time.sleep(0.2)\n    return x * x",
  args: { x: Schema.Int },
  returns: Schema.Int
})

const numbers = Array.from({ length: 90 }, (_, x) => x)
const squares = numbers.map((x) => x * x)

const options = { packages: daskWorkerPackages, threads: 1, memoryLimit: 0 }

const healthy = ({ status }: Cluster.Cluster) =>
  status.pipe(
    Effect.filterOrFail(({ healthy }) => healthy, (status) => new Error(JSON.stringify(status))),
    Effect.retry(tries(60, 100))
  )

describe("Dask", () => {
  it.scopedLive("whose worker is killed under load heals, and the result is right", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.make()
      const place = { configFile: sandbox.configFile, hosts: sandbox.hosts.map(({ alias }) => alias) }
      const { reports, value } = yield* live(place, ({ client, cluster }) =>
        Effect.gen(function*() {
          const events = yield* Ref.make<ReadonlyArray<ClusterEvent>>([])
          yield* Effect.forkScoped(
            Stream.runForEach(cluster.events, (event) => Ref.update(events, (all) => [...all, event]))
          )
          const futures = yield* client.map(slowSquare, numbers.map((x) => ({ x })))
          const gathered = yield* Effect.fork(client.gather(futures))
          yield* Effect.sleep("1 second")
          const victim = (yield* cluster.processes).find(({ plan }) => plan.id === "worker-2")
          yield* kill(victim?.service.pid)
          const result = yield* Fiber.join(gathered)
          yield* healthy(cluster)
          yield* client.waitForWorkers(3, "30 seconds")
          // The one that was started again works, too.
          const again = yield* client.map(slowSquare, [{ x: 7 }], { workers: ["worker-2"] })
          return { result, again: yield* client.gather(again), events: yield* Ref.get(events) }
        }), options)
      assert.deepStrictEqual(value.result, squares)
      assert.deepStrictEqual(value.again, [49])
      const told = value.events.flatMap((event) => "process" in event ? [`${event._tag} ${event.process}`] : [])
      assert.deepStrictEqual(told.slice(0, 2), ["ProcessExited worker-2", "Restarting worker-2"])
      // Once more where somebody else has taken its port meanwhile.
      assert.deepStrictEqual([...new Set(told.slice(2))], ["ProcessStarted worker-2", "ProcessReady worker-2"])
      assert.deepStrictEqual(reports.map(({ clean }) => clean), [true, true, true, true])
    }))

  it.scopedLive("goes from three workers to six and to two under load, without a lost task", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.make()
      const place = { configFile: sandbox.configFile, hosts: sandbox.hosts.map(({ alias }) => alias) }
      const { reports, value } = yield* live(place, ({ client, cluster }) =>
        Effect.gen(function*() {
          const futures = yield* client.map(slowSquare, numbers.map((x) => ({ x })))
          const gathered = yield* Effect.fork(client.gather(futures))
          yield* Cluster.scale(cluster, 6)
          // They answer before the scheduler has noted them.
          yield* client.waitForWorkers(6, "1 minute")
          const six = (yield* client.info).workers.map(({ name }) => name).sort()
          yield* Cluster.scale(cluster, 2)
          const two = (yield* client.info).workers.map(({ name }) => name).sort()
          const result = yield* Fiber.join(gathered)
          // Values of workers that were retired are with the others.
          return { six, two, result, again: yield* client.gather(futures), status: yield* cluster.status }
        }), options)
      assert.deepStrictEqual(value.six, [1, 2, 3, 4, 5, 6].map((number) => `worker-${number}`))
      assert.deepStrictEqual(value.two, ["worker-1", "worker-2"])
      assert.deepStrictEqual([value.result, value.again], [squares, squares])
      assert.isTrue(value.status.healthy)
      assert.deepStrictEqual(reports.map(({ clean }) => clean), [true, true, true, true])
    }))
})
