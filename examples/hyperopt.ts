/**
 * The example of the Python original: the minimum of the sine, searched by a Python program on a Hyperopt cluster of every host
 * that the ssh config names. hyperopt_sine.py is as Hyperopt's own documentation has it, but for where it has the address from.
 *
 *     npx tsx examples/hyperopt.ts
 */
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect } from "effect"
import { ClusterRun, HyperoptCluster, Lazycluster, RuntimeManager } from "lazycluster"
import { fileURLToPath } from "node:url"

const program = Effect.gen(function*() {
  const group = yield* RuntimeManager.createGroup()
  const hyperopt = yield* HyperoptCluster.make(group)
  const search = ClusterRun.pythonFile(fileURLToPath(new URL("hyperopt_sine.py", import.meta.url)))
  // There hyperopt finds the password of MongoDB, which the address does not hold.
  const { stdout } = yield* ClusterRun.run(hyperopt.cluster, search, { env: { HOME: hyperopt.home } })
  yield* Console.log(stdout.trim())
})

program.pipe(Effect.scoped, Effect.provide(Lazycluster.layer), NodeRuntime.runMain)
