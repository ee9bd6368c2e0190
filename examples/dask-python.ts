/**
 * A Python program on a Dask cluster: in the cluster's environment, with the address of its scheduler. While the cluster is up,
 * any other Python with the same versions connects by the address that is printed here: `distributed.Client("tcp://…")`.
 *
 *     npx tsx examples/dask-python.ts
 */
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect } from "effect"
import { ClusterRun, DaskCluster, Lazycluster, RuntimeManager } from "lazycluster"
import { fileURLToPath } from "node:url"

const program = Effect.gen(function*() {
  const group = yield* RuntimeManager.createGroup()
  const dask = yield* DaskCluster.make(group, { extraPackages: ["numpy==2.2.6"] })
  yield* Console.log(`Client("${dask.schedulerAddress}"), dashboard: ${dask.dashboardUrl}`)
  const script = fileURLToPath(new URL("dask_array.py", import.meta.url))
  yield* ClusterRun.run(dask.cluster, ClusterRun.pythonFile(script), {
    onLine: (from, line) => from === "stdout" ? Console.log(line) : Effect.void
  })
})

program.pipe(Effect.scoped, Effect.provide(Lazycluster.layer), NodeRuntime.runMain)
