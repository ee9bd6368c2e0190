/** A Dask cluster with nearly all that may be asked of it, TLS too, and the Python programs that use it: a script, a notebook, and those that are refused. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Command from "@effect/platform/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, layer } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as process from "node:process"
import * as example from "../../bench/daskExample.ts"
import * as ClusterRun from "../../src/clusters/ClusterRun.ts"
import * as DaskCluster from "../../src/clusters/DaskCluster.ts"
import * as Launcher from "../../src/clusters/Launcher.ts"
import { selfSigned } from "../../src/internal/certificate.ts"
import * as Lazycluster from "../../src/Lazycluster.ts"
import * as RuntimeGroup from "../../src/runtimes/RuntimeGroup.ts"
import * as Sandbox from "../../src/testing/Sandbox.ts"
import * as LocalDask from "./localDask.ts"

class Dask extends Context.Tag("test/Dask")<Dask, {
  readonly dask: DaskCluster.DaskCluster
  /** A directory of its own. */
  readonly directory: string
}>() {}

const daskLayer = Layer.scoped(
  Dask,
  Effect.gen(function*() {
    const sandbox = yield* Sandbox.make({ hosts: 2 })
    const fs = yield* FileSystem.FileSystem
    // As long as the cluster.
    const services = yield* Layer.build(Lazycluster.layerOf({ sshConfig: { file: sandbox.configFile } }))
    const dask = yield* Effect.flatMap(
      RuntimeGroup.make(sandbox.hosts.map(({ alias }) => alias)),
      (group) =>
        DaskCluster.make(group, {
          tls: true,
          nanny: true,
          name: ({ seat }) => `on-${seat.place}`,
          threads: 2,
          memoryLimit: 1e9,
          resources: { LICENSE: 3 },
          launcher: Launcher.masterOn("host-1", Launcher.roundRobin)
        })
    ).pipe(Effect.provide(services))
    return { dask, directory: yield* fs.makeTempDirectoryScoped() }
  })
).pipe(Layer.provideMerge(NodeContext.layer))

/** A Python program without the cluster's certificate, but for what `env` names. */
const outside = (source: string, env: Readonly<Record<string, string>>) =>
  Effect.gen(function*() {
    const { dask } = yield* Dask
    const command = Command.make(dask.python, "-c", source).pipe(Command.env(env), Command.stderr("inherit"))
    return (yield* Command.string(command)).trim()
  })

const connect = `import os
from distributed import Client
try:
    Client(os.environ["ADDRESS"], timeout=float(os.environ["WITHIN"]))
    print("in")
except OSError as error:
    print("refused")`

layer(daskLayer, { timeout: "5 minutes", excludeTestServices: true })("Dask over TLS", (it) => {
  it.effect("gives its typed client and ClusterRun what they need; workers are as they were asked for", () =>
    Effect.gen(function*() {
      const { dask } = yield* Dask
      assert.match(dask.schedulerAddress, /^tls:\/\/127\.0\.0\.1:\d+$/)
      assert.strictEqual(yield* example.run(dask.client), example.expected)
      const info = yield* dask.client.info
      assert.deepStrictEqual(
        info.workers.map(({ memoryLimit, name, resources, threads }) => ({ memoryLimit, name, resources, threads }))
          .toSorted((a, b) => a.name.localeCompare(b.name)),
        ["on-host-1", "on-host-2"].map((name) => ({ memoryLimit: 1e9, name, resources: { LICENSE: 3 }, threads: 2 }))
      )
      assert.isTrue(info.workers.every(({ address }) => address.startsWith("tls://127.0.0.1:")))
      const source = "from distributed import Client\nprint(Client().submit(sum, [1, 2, 3]).result())"
      const run = yield* ClusterRun.run(dask.cluster, ClusterRun.command("python", "-c", source))
      assert.strictEqual(run.stdout, "6\n")
    }))

  it.effect("opens its dashboard on the manager, though the scheduler is on a host", () =>
    Effect.gen(function*() {
      const { dask } = yield* Dask
      const [scheduler] = yield* dask.cluster.processes
      assert.strictEqual(scheduler?.plan.place, "host-1")
      const page = yield* Effect.tryPromise(() => fetch(dask.dashboardUrl).then((answer) => answer.text()))
      assert.include(page, "<title>Dask Diagnostic UI</title>")
    }))

  it.effect("refuses clients that have no certificate, or another one", () =>
    Effect.gen(function*() {
      const { dask, directory } = yield* Dask
      const fs = yield* FileSystem.FileSystem
      const { DASK_SCHEDULER_ADDRESS: address = "", ...own } = dask.variables
      const other = yield* selfSigned("dask.lazycluster")
      yield* fs.writeFileString(`${directory}/other.pem`, other.certificate)
      yield* fs.writeFileString(`${directory}/other.key`, Redacted.value(other.key))
      const trusted = own["DASK_DISTRIBUTED__COMM__TLS__CA_FILE"] ?? ""
      const tried = yield* Effect.forEach([
        { ...own, ADDRESS: address, WITHIN: "60" },
        { ADDRESS: address.replace("tls", "tcp"), WITHIN: "4" },
        {
          ADDRESS: address,
          WITHIN: "4",
          DASK_DISTRIBUTED__COMM__TLS__CA_FILE: trusted,
          DASK_DISTRIBUTED__COMM__TLS__CLIENT__CERT: `${directory}/other.pem`,
          DASK_DISTRIBUTED__COMM__TLS__CLIENT__KEY: `${directory}/other.key`
        }
      ], (env) =>
        outside(connect, env), { concurrency: 3 })
      assert.deepStrictEqual(tried, ["in", "refused", "refused"])
    }))

  it.effect("keeps its key in files that only the user can read: in no command line, in no environment", () =>
    Effect.gen(function*() {
      const { dask } = yield* Dask
      const fs = yield* FileSystem.FileSystem
      const path = dask.variables["DASK_DISTRIBUTED__COMM__TLS__CLIENT__KEY"] ?? ""
      assert.strictEqual((yield* fs.stat(path)).mode & 0o777, 0o600)
      assert.strictEqual((yield* fs.stat(path.slice(0, path.lastIndexOf("/")))).mode & 0o777, 0o700)
      const key = (yield* fs.readFileString(path)).split("\n")[1] ?? ""
      const words = yield* Effect.forEach(
        yield* dask.cluster.processes,
        ({ service }) =>
          Effect.forEach(["cmdline", "environ"], (file) => fs.readFileString(`/proc/${service.pid}/${file}`))
      )
      assert.isAbove(key.length, 40)
      assert.isFalse(words.flat().some((text) => text.includes(key)))
      assert.notInclude(JSON.stringify(yield* dask.cluster.plan), "PRIVATE")
    }))

  it.effect("is used from a notebook of Jupyter, in an environment of one's own", () =>
    Effect.gen(function*() {
      const { dask, directory } = yield* Dask
      const fs = yield* FileSystem.FileSystem
      const bin = yield* LocalDask.environmentOf("dask[distributed]==2026.8.0", "nbclient==0.11.0", "ipykernel==7.4.0")
      const cell = (source: string) => ({
        cell_type: "code",
        execution_count: null,
        metadata: {},
        outputs: [],
        source
      })
      const notebook = {
        cells: [
          cell("from distributed import Client\nclient = Client()"),
          cell("client.submit(sum, client.map(lambda x: -x ** 2, range(10))).result()")
        ],
        metadata: { kernelspec: { display_name: "Python 3", language: "python", name: "python3" } },
        nbformat: 4,
        nbformat_minor: 4
      }
      yield* fs.writeFileString(`${directory}/notebook.ipynb`, JSON.stringify(notebook))
      const execute = Command.make(
        `${bin}/jupyter`,
        "execute",
        "--inplace",
        "--timeout=100",
        `${directory}/notebook.ipynb`
      ).pipe(
        Command.env({ ...dask.variables, PATH: `${bin}:${process.env["PATH"] ?? ""}`, JUPYTER_DATA_DIR: directory }),
        Command.stderr("inherit"),
        Command.stdout("inherit")
      )
      assert.strictEqual(yield* Command.exitCode(execute), 0)
      assert.include(yield* fs.readFileString(`${directory}/notebook.ipynb`), `"-285"`)
    }))
})
