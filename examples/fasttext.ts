/**
 * The other example of the Python original: the best parameters of a fastText model. The texts are sent to all hosts, where they
 * stay for the next time; the objective finds them in the working directory of its host.
 *
 *     npx tsx examples/fasttext.ts train.csv test.csv 500
 */
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect } from "effect"
import { ClusterRun, HyperoptCluster, Lazycluster, RuntimeGroup, RuntimeManager } from "lazycluster"
import { basename } from "node:path"
import { fileURLToPath } from "node:url"

const [trainPath = "train.csv", testPath = "test.csv", evaluations = "500"] = process.argv.slice(2)

const program = Effect.gen(function*() {
  const group = yield* RuntimeManager.createGroup({ workingDirectory: "~/hyperopt" })
  yield* RuntimeGroup.sendFile(group, trainPath)
  yield* RuntimeGroup.sendFile(group, testPath)
  const hyperopt = yield* HyperoptCluster.make(group, {
    // fastText predicts nothing with numpy 2.
    extraPackages: ["fasttext-wheel==0.9.2", "numpy==1.26.4", "pybind11==3.1.0", "setuptools==80.9.0"]
  })
  const search = fileURLToPath(new URL("fasttext_search.py", import.meta.url))
  const words = [basename(trainPath), basename(testPath), evaluations]
  yield* ClusterRun.run(hyperopt.cluster, ClusterRun.pythonFile(search, ...words), {
    env: { HOME: hyperopt.home },
    onLine: (from, line) => from === "stdout" ? Console.log(line) : Effect.void
  })
})

program.pipe(Effect.scoped, Effect.provide(Lazycluster.layer), NodeRuntime.runMain)
