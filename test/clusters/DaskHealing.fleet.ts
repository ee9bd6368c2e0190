/** Dask on real hosts that can reach each other through port 22 only: killed workers, cut cables, hosts without power. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, describe, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Cluster from "../../src/clusters/Cluster.ts"
import * as ClusterEvent from "../../src/clusters/ClusterEvent.ts"
import * as ClusterStatus from "../../src/clusters/ClusterStatus.ts"
import type * as DaskCluster from "../../src/clusters/DaskCluster.ts"
import { daskWorkerPackages } from "../../src/clusters/daskPackages.ts"
import * as PythonFunction from "../../src/tasks/PythonFunction.ts"
import * as Fleet from "../fleet/Fleet.ts"
import { tries } from "../patience.ts"
import { live } from "./daskLife.ts"

const slowSquare = PythonFunction.make({
  source: "def slow_square(x):\n    import time\n    time.sleep(0.3)\n    return x * x",
  args: { x: Schema.Int },
  returns: Schema.Int
})

const numbers = Array.from({ length: 90 }, (_, x) => x)
const squares = numbers.map((x) => x * x)

const options = { packages: daskWorkerPackages, threads: 1, memoryLimit: 0, drainWithin: "1 minute" } as const

/** A worker that has moved is healthy where it is, too. */
const isHome = ({ healthy, processes }: ClusterStatus.ClusterStatus) =>
  healthy && processes.filter(({ role }) => role === "worker").map(({ host }) => host).toSorted().join() ===
    "host1,host2,host3"

const home = ({ cluster }: DaskCluster.DaskCluster) =>
  cluster.status.pipe(
    Effect.filterOrFail(isHome, (status) => new Error(ClusterStatus.render(status))),
    Effect.retry(tries(120, 200))
  )

/** The squares while something happens, and once more when all is well again; what was told meanwhile. */
const while_ = <E, R>(dask: DaskCluster.DaskCluster, happens: Effect.Effect<unknown, E, R>) =>
  Effect.gen(function*() {
    const { client, cluster } = dask
    const events = yield* Ref.make<ReadonlyArray<string>>([])
    yield* Effect.forkScoped(Stream.runForEach(cluster.events, (event) =>
      Ref.update(events, (all) => [...all, ClusterEvent.render(event).split("\n")[0] ?? ""])))
    const gathered = yield* Effect.fork(
      Effect.flatMap(client.map(slowSquare, numbers.map((x) => ({ x }))), client.gather)
    )
    yield* Effect.sleep("1 second")
    yield* happens
    const result = yield* Fiber.join(gathered)
    yield* home(dask)
    yield* client.waitForWorkers(3, "1 minute")
    const each = ["worker-1", "worker-2", "worker-3"].map((name) => ({ x: 7, name }))
    const again = yield* Effect.forEach(each, ({ name, x }) =>
      Effect.flatMap(client.submit(slowSquare, { x }, { workers: [name] }), client.result))
    const places = yield* Effect.map(cluster.processes, (all) =>
      all.map(({ plan }) =>
        plan.place
      ))
    return { result, again, places, events: yield* Ref.get(events) }
  })

const expected = { result: squares, again: [49, 49, 49] }

describe.skipIf(!Fleet.available)("Dask on the fleet", () => {
  layer(Fleet.layer(), { excludeTestServices: true, timeout: "1 minute" })("under load", (it) => {
    it.effect("kills, cuts and power cuts: the results are right, and every host is used again", () =>
      Effect.gen(function*() {
        const fleet = yield* Fleet.Fleet
        const { value } = yield* live(fleet, (dask) =>
          Effect.gen(function*() {
            const pid = Effect.map(dask.cluster.processes, (all) =>
              all.find(({ plan }) => plan.id === "worker-2")?.service.pid ?? 0)
            const killed = yield* while_(
              dask,
              Effect.flatMap(pid, (pid) =>
                fleet.exec(2, ["kill", "-9", String(pid)]))
            )
            const cut = yield* while_(
              dask,
              Effect.zipRight(fleet.cut(2), Effect.delay(fleet.join(2), "15 seconds"))
            )
            const lost = yield* while_(dask, Effect.zipRight(fleet.kill(2), Effect.delay(fleet.boot(2), "20 seconds")))
            return { killed, cut, lost }
          }), options)
        for (const each of [value.killed, value.cut, value.lost]) {
          assert.deepStrictEqual({ result: each.result, again: each.again }, expected, each.events.join("\n"))
          assert.deepStrictEqual(each.places.slice(1).toSorted(), ["host1", "host2", "host3"], each.events.join("\n"))
        }
      }).pipe(Effect.provide(NodeContext.layer)))

    it.effect("scales 3, 6, 2 without a lost task", () =>
      Effect.gen(function*() {
        const fleet = yield* Fleet.Fleet
        const { reports, value } = yield* live(fleet, ({ client, cluster }) =>
          Effect.gen(function*() {
            const futures = yield* client.map(slowSquare, numbers.map((x) => ({ x })))
            const gathered = yield* Effect.fork(client.gather(futures))
            yield* Cluster.scale(cluster, 6)
            yield* Cluster.scale(cluster, 2)
            return [yield* Fiber.join(gathered), yield* client.gather(futures)]
          }), options)
        assert.deepStrictEqual(value, [squares, squares])
        assert.deepStrictEqual(reports.map(({ clean }) => clean), [true, true, true, true])
      }).pipe(Effect.provide(NodeContext.layer)))
  })
})
