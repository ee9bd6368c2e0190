/** Dask between real hosts: through tunnels where only port 22 is open, directly where they reach one another. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as ClusterPlan from "../../src/clusters/ClusterPlan.ts"
import * as ClusterRun from "../../src/clusters/ClusterRun.ts"
import type * as DaskCluster from "../../src/clusters/DaskCluster.ts"
import { daskWorkerPackages } from "../../src/clusters/daskPackages.ts"
import * as Launcher from "../../src/clusters/Launcher.ts"
import * as Fleet from "../fleet/Fleet.ts"
import { live } from "./daskLife.ts"

/** Each block of the result is made of blocks that other workers have. */
const transpose = `
import dask.array as da
from distributed import Client
with Client() as client:
    x = client.persist(da.arange(1000 * 1000, chunks=250 * 1000).reshape(1000, 1000).rechunk((250, 250)))
    y = (x + x.T).rechunk((1000, 100))
    wrong = int((y != y.T).sum().compute())
    addresses = sorted({worker.split(":")[1].strip("/") for worker in client.scheduler_info()["workers"]})
    print(wrong, int(y.sum().compute()), *addresses)
`
const total = 999_999 * 1_000_000

const packages = [...daskWorkerPackages, "numpy==2.2.6"]
const launcher = Launcher.masterOn("host1")
const numbers = [1, 2, 3]

const computed = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const file = `${yield* fs.makeTempDirectoryScoped()}/transpose.py`
  yield* fs.writeFileString(file, transpose)
  return ClusterRun.pythonFile(file)
})

const runs = (options: DaskCluster.Options) =>
  Effect.gen(function*() {
    const fleet = yield* Fleet.Fleet
    const program = yield* computed
    return yield* live(fleet, ({ cluster }) =>
      Effect.gen(function*() {
        const { stdout } = yield* ClusterRun.run(cluster, program)
        const plan = yield* cluster.plan
        return {
          said: stdout.trim(),
          chosen: plan.routing?.chosen,
          tree: ClusterPlan.render(plan),
          listening: yield* Effect.forEach(numbers, fleet.listening)
        }
      }), { launcher, packages, threads: 1, memoryLimit: 0, ...options })
  })

describe.skipIf(!Fleet.available)("the routes of Dask on the fleet", () => {
  layer(Fleet.layer(), { excludeTestServices: true, timeout: "1 minute" })("three hosts", (it) => {
    it.scoped(
      "through tunnels where hosts are isolated; `direct` is refused there, and nothing stays",
      () =>
        Effect.gen(function*() {
          const fleet = yield* Fleet.Fleet
          const { reports, value } = yield* runs({})
          assert.strictEqual(value.said, `0 ${total} 127.0.0.1`)
          assert.strictEqual(value.chosen, "tunnel")
          // On each host the scheduler's and three workers' ports, and what is its own only.
          assert.deepStrictEqual(value.listening.map((ports) => ports.length), [6, 5, 5])
          assert.isTrue(value.listening.flat().every((address) => address.startsWith("127.0.0.1:")))
          assert.deepStrictEqual(reports.map(({ clean }) => clean), [true, true, true, true])

          const refused = yield* Effect.flip(runs({ routes: "direct" }))
          assert.strictEqual(refused._tag === "ClusterError" ? refused.reason : refused._tag, "Unreachable")
          assert.match(refused.message, /host\d, host\d do not reach host1 at 10\.77\.0\.1/)
          assert.deepStrictEqual(yield* Effect.forEach(numbers, fleet.listening), [[], [], []])
        }).pipe(Effect.provide(NodeContext.layer)),
      300_000
    )

    it.scoped(
      "directly over TLS where they reach one another: no forward between them; the manager has a tunnel",
      () =>
        Effect.gen(function*() {
          const fleet = yield* Fleet.Fleet
          yield* Effect.acquireRelease(fleet.isolate(false), () => Effect.orDie(fleet.isolate(true)))
          const { reports, value } = yield* runs({ tls: true })
          assert.strictEqual(value.said, `0 ${total} 10.77.0.1 10.77.0.2 10.77.0.3`)
          assert.strictEqual(value.chosen, "direct")
          assert.include(value.tree, "routes: direct, since what Dask sends is encrypted, and all hosts")
          assert.include(value.tree, "at 10.77.0.1")
          const outer = value.listening.map((ports) => ports.filter((address) => address.startsWith("10.77.")).length)
          const inner = value.listening.map((ports) =>
            ports.filter((address) => address.startsWith("127.0.0.1:")).length
          )
          // For others the scheduler and a worker, or a worker alone; on loopback their pages for probes.
          assert.deepStrictEqual([outer, inner], [[2, 1, 1], [2, 1, 1]], value.listening.join("\n"))
          assert.deepStrictEqual(reports.map(({ clean }) => clean), [true, true, true, true])
        }).pipe(Effect.provide(NodeContext.layer)),
      300_000
    )
  })
})
