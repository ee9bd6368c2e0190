/** Real workers and a real mongod, in one life of a cluster: searches, deaths, and what is left. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Cluster from "../../src/clusters/Cluster.ts"
import { ClusterPlan } from "../../src/clusters/ClusterPlan.ts"
import * as HyperoptCluster from "../../src/clusters/HyperoptCluster.ts"
import * as RuntimeGroup from "../../src/runtimes/RuntimeGroup.ts"
import * as Sandbox from "../../src/testing/Sandbox.ts"
import { comesTrue } from "../patience.ts"
import { busy, extraPackages, live, minimum, python, shown, trials } from "./hyperoptLife.ts"
import { kill } from "./kill.ts"

const near = (x: number) => assert.closeTo(x, -Math.PI / 2, 0.35)

const poison = `
import os, sys
from hyperopt import fmin, hp, rand
from hyperopt.mongoexp import MongoTrials

def objective(x):
    import os, signal
    os.kill(os.getpid(), signal.SIGKILL)

try:
    fmin(objective, hp.uniform("x", 0, 1), trials=MongoTrials(sys.argv[1], exp_key="poison"), algo=rand.suggest, max_evals=1,
         show_progressbar=False)
except Exception as error:
    print(error)
`

/** How many points one process of a worker has seen; whether the address in its environment leads to the trials. */
const counting = `
import sys
from hyperopt import fmin, hp, rand
from hyperopt.mongoexp import MongoTrials

def objective(x):
    import os, hyperopt
    from hyperopt.mongoexp import MongoTrials
    hyperopt.seen = getattr(hyperopt, "seen", 0) + 1
    assert len(MongoTrials(os.environ["MONGO_CONNECTION_URL"], exp_key="counting")) > 0
    return -hyperopt.seen

trials = MongoTrials(sys.argv[1], exp_key="counting")
fmin(objective, hp.uniform("x", 0, 1), trials=trials, algo=rand.suggest, max_evals=3, show_progressbar=False)
print(*sorted(-int(loss) for loss in trials.losses()))
`

describe("HyperoptCluster", () => {
  it.scopedLive("finds the minimum of the sine, whoever is killed meanwhile; the password is nowhere; nothing of it stays", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const sandbox = yield* Sandbox.make({ hosts: 2 })
      const place = { configFile: sandbox.configFile, hosts: sandbox.hosts.map(({ alias }) => alias) }
      const { clean, value } = yield* live(place, (hyperopt) =>
        Effect.gen(function*() {
          const { cluster } = hyperopt
          near(yield* minimum(hyperopt, { expKey: "sine" }))

          // A worker that dies at a trial: another one does it.
          const slow = yield* Effect.fork(minimum(hyperopt, { expKey: "killed", seconds: 8, evals: 4 }))
          yield* busy(hyperopt, "killed", "worker-1")
          const pidOf = (id: string) =>
            Effect.map(cluster.processes, (all) => all.find(({ plan }) => plan.id === id)?.service.pid ?? 0)
          yield* Effect.flatMap(pidOf("worker-1"), kill)
          yield* Fiber.join(slow)
          const after = yield* trials(hyperopt, "killed")
          assert.deepStrictEqual(after.map(({ state }) => state), after.map(() => 2))
          assert.deepStrictEqual(after.map(({ attempts }) => attempts).toSorted().at(-1), 1)

          // mongod, too: it recovers, and the search goes on. All trials are written by then: pymongo does not write again.
          const long = yield* Effect.fork(minimum(hyperopt, { expKey: "recovered", seconds: 2, evals: 4 }))
          yield* busy(hyperopt, "recovered", "worker-2")
          yield* kill(Number(yield* fs.readFileString(`${hyperopt.dbpath}/mongod.lock`)))
          yield* Fiber.join(long)
          assert.strictEqual((yield* trials(hyperopt, "recovered")).filter(({ state }) => state === 2).length, 4)

          const password = Redacted.value(hyperopt.password)
          assert.deepStrictEqual(yield* shown(hyperopt), [])
          const plan = yield* Schema.encode(ClusterPlan)(yield* cluster.plan)
          assert.notInclude(JSON.stringify([plan, hyperopt]), password)
          const tails = yield* Effect.flatMap(cluster.processes, Effect.forEach(({ service }) => service.tail))
          assert.notInclude(JSON.stringify(tails), password)
          assert.include(tails.flat().join("\n"), "job finished")

          const second = yield* Effect.flip(Effect.scoped(
            Effect.flatMap(RuntimeGroup.make(place.hosts), (group) =>
              HyperoptCluster.make(group, { extraPackages, dbpath: hyperopt.dbpath }))
          ))
          assert.deepInclude(second, { _tag: "MongoError", reason: "AlreadyRunning" })
          near(yield* minimum(hyperopt, { expKey: "unharmed" }))

          // A trial that ends whatever evaluates it is not tried for ever.
          yield* python(hyperopt, poison)
          assert.deepStrictEqual(
            (yield* trials(hyperopt, "poison")).map(({ attempts, state }) => ({ attempts, state })),
            [{ attempts: 3, state: 3 }]
          )

          // A worker that goes ends its trial first.
          const scaled = yield* Effect.fork(minimum(hyperopt, { expKey: "scaled", seconds: 2, evals: 4 }))
          yield* busy(hyperopt, "scaled", "worker-2")
          yield* Cluster.scale(cluster, 1)
          yield* Fiber.join(scaled)
          const left = yield* trials(hyperopt, "scaled")
          assert.deepStrictEqual(
            left.map(({ attempts, state }) => ({ attempts, state })),
            left.map(() => ({
              attempts: 0,
              state: 2
            }))
          )
          yield* comesTrue(Effect.map(cluster.status, ({ healthy }) =>
            healthy))
          return { dbpath: hyperopt.dbpath, home: hyperopt.home }
        }))
      assert.deepStrictEqual(clean, clean.map(() => true))
      assert.deepStrictEqual([yield* fs.exists(value.dbpath), yield* fs.exists(value.home)], [false, false])
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("evaluates in processes of their own, or in the worker's, and leaves a directory that it was given", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const dbpath = yield* fs.makeTempDirectoryScoped()
      const sandbox = yield* Sandbox.make({ hosts: 1 })
      const place = { configFile: sandbox.configFile, hosts: sandbox.hosts.map(({ alias }) => alias) }
      const counted = (subprocesses: boolean) =>
        live(place, (hyperopt) => python(hyperopt, counting), {
          subprocesses,
          dbpath,
          dbName: `forked-${subprocesses}`
        })
      assert.deepInclude(yield* counted(true), { value: "1 1 1", clean: [true, true] })
      assert.deepInclude(yield* counted(false), { value: "1 2 3", clean: [true, true] })
      assert.isTrue(yield* fs.exists(`${dbpath}/WiredTiger`))
    }).pipe(Effect.provide(NodeContext.layer)))
})
