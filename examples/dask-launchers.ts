/**
 * Where scheduler and workers of a Dask cluster run, by a launcher of one's own: the scheduler on the first host, and two workers
 * on each other one, which share its cores and its memory.
 *
 *     npx tsx examples/dask-launchers.ts
 */
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect } from "effect"
import { DaskCluster, Launcher, Lazycluster, RuntimeManager } from "lazycluster"

const apart: Launcher.Launcher = ({ hosts: [first, ...others], manager }) => ({
  master: first?.alias ?? manager.alias,
  workers: Launcher.seats(others.flatMap((host) => [host, host]))
})

const program = Effect.gen(function*() {
  const group = yield* RuntimeManager.createGroup()
  const { client, cluster } = yield* DaskCluster.make(group, { launcher: apart, threads: 2 })
  for (const { plan } of yield* cluster.processes) yield* Console.log(`${plan.id} on ${plan.place}`)
  yield* Console.log(`${(yield* client.info).workers.length} workers have registered`)
})

program.pipe(Effect.scoped, Effect.provide(Lazycluster.layer), NodeRuntime.runMain)
