/** Programs against a Dask cluster of this machine: a Python file knows it by its environment alone. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as Cluster from "../../src/clusters/Cluster.ts"
import * as ClusterRun from "../../src/clusters/ClusterRun.ts"
import { daskWorkerPackages } from "../../src/clusters/daskPackages.ts"
import * as PythonFunction from "../../src/tasks/PythonFunction.ts"
import * as Sandbox from "../../src/testing/Sandbox.ts"
import { until } from "../patience.ts"
import { live } from "./daskLife.ts"

const train = `
import os, sys
from distributed import Client
import neighbour
with Client() as client:
    print(neighbour.word, len(client.scheduler_info()["workers"]), client.submit(sum, [1, 2, int(sys.argv[1])]).result())
print("warned", file=sys.stderr)
`

/** Has a child in a session of its own, as a careless program has. */
const careless = `
import os, subprocess, sys, time
child = subprocess.Popen(["sleep", "1000"])
print(os.getpid(), child.pid, flush=True)
time.sleep(1000)
`

const addressIn = PythonFunction.make({
  source: "def address():\n    import os, distributed\n    return os.environ['DASK_SCHEDULER_ADDRESS']",
  args: {},
  returns: Schema.String
})

describe("a program against a Dask cluster", () => {
  it.scopedLive(
    "runs in its environment, on the manager and on a host, and ends with all that it has started",
    () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const directory = yield* fs.makeTempDirectoryScoped()
        const file = (name: string, text: string) => fs.writeFileString(`${directory}/${name}`, text)
        yield* file("train.py", train)
        yield* file("neighbour.py", "word = 'workers'")
        yield* file("careless.py", careless)
        const sandbox = yield* Sandbox.make({ hosts: 2 })
        const place = { configFile: sandbox.configFile, hosts: sandbox.hosts.map(({ alias }) => alias) }
        const [host = ""] = place.hosts
        const { reports, value } = yield* live(place, ({ cluster, schedulerAddress }) =>
          Effect.gen(function*() {
            const trained = yield* Cluster.run(cluster, ClusterRun.pythonFile(`${directory}/train.py`, "39"))
            const word = [
              "python",
              "-c",
              "import dask, os; print(os.environ['DASK_SCHEDULER_ADDRESS']); exit(3)"
            ] as const
            const there = yield* Cluster.run(cluster, ClusterRun.command(...word), { host, check: false })
            const dask = yield* Cluster.run(cluster, ClusterRun.command("dask", "--version"), { host })
            const called = yield* ClusterRun.call(cluster, addressIn, {}, { host })
            const failed = yield* Effect.flip(
              Cluster.run(cluster, ClusterRun.pythonFile(`${directory}/train.py`), { host })
            )
            const missing = yield* Effect.flip(
              Cluster.run(cluster, ClusterRun.pythonFile(`${directory}/none.py`), { host })
            )
            const pids = yield* Deferred.make<ReadonlyArray<string>>()
            const running = yield* Effect.fork(Cluster.run(cluster, ClusterRun.pythonFile(`${directory}/careless.py`), {
              host,
              onLine: (_, line) => Deferred.succeed(pids, line.split(" "))
            }))
            const started = yield* Deferred.await(pids)
            const alive = Effect.filter(started, (pid) => fs.exists(`/proc/${pid}`))
            const before = yield* alive
            yield* Fiber.interrupt(running)
            const after = yield* until(alive, (left) => left.length === 0)
            return { trained, there, dask, called, failed, missing, schedulerAddress, before: before.length, after }
          }), { packages: daskWorkerPackages })
        assert.strictEqual(value.trained.stdout, "workers 2 42\n")
        assert.strictEqual(value.trained.stderr, "warned\n")
        assert.deepStrictEqual([value.there.stdout, value.there.code], [`${value.schedulerAddress}\n`, 3])
        assert.include(value.dask.stdout, "2026.")
        assert.strictEqual(value.called, value.schedulerAddress)
        // On a host the file is alone.
        assert.include(value.failed.message, "No module named 'neighbour'")
        assert.strictEqual(value.missing._tag === "ClusterRunError" ? value.missing.reason : value.missing._tag, "File")
        assert.deepStrictEqual([value.before, value.after], [2, []])
        assert.deepStrictEqual(reports.map(({ clean }) => clean), [true, true, true])
      }).pipe(Effect.provide(NodeContext.layer)),
    180_000
  )
})
