/** Clusters that do not come up: the error says what its process said, and nothing of it stays. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Net from "node:net"
import * as Cluster from "../../src/clusters/Cluster.ts"
import { ClusterPlan, type ProcessPlan } from "../../src/clusters/ClusterPlan.ts"
import * as DaskCluster from "../../src/clusters/DaskCluster.ts"
import { daskWorkerPackages } from "../../src/clusters/daskPackages.ts"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import * as RuntimeGroup from "../../src/runtimes/RuntimeGroup.ts"
import * as Host from "../../src/services/Host.ts"
import * as PythonFunction from "../../src/tasks/PythonFunction.ts"
import * as Sandbox from "../../src/testing/Sandbox.ts"
import { type Explained, failsOver, nothingLeft, run, services } from "./faulty.ts"

const places = Effect.all({
  manager: Runtime.manager(),
  group: RuntimeGroup.make(["host-1", "host-2"])
})

const server = "import socket, sys, time; s = socket.create_server(('127.0.0.1', int(sys.argv[1]))); time.sleep(1000)"

const process = (
  id: string,
  place: string,
  argv: ProcessPlan["argv"],
  more: Partial<ProcessPlan> = {}
): ProcessPlan => ({
  id,
  role: id === "master" ? "master" : "worker",
  place,
  argv,
  env: {},
  ports: [{ name: "comm", from: 61000, to: 61099 }],
  ready: { _tag: "Tcp", port: "comm" },
  deadline: 30,
  ...more
})

const port = (id: string) => [{ _tag: "Port" as const, process: id, name: "comm" }]
const master = process("master", Host.manager.alias, ["python3", "-c", server, port("master")])
const good = process("good", "host-2", ["python3", "-c", server, port("good")])

const start = (processes: ReadonlyArray<ProcessPlan>, more: Partial<ClusterPlan> = {}) =>
  Effect.flatMap(places, (at) =>
    Cluster.start(
      ClusterPlan.make({ engine: "Test", processes, routes: [], environments: [], equal: [], ...more }),
      at
    ))

const told = (error: Explained) => [error._tag, error.reason, error.host]

const hold = (port: number) =>
  Effect.acquireRelease(
    Effect.async<Net.Server>((resume) => {
      const server = Net.createServer().listen(port, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) => Effect.async<void>((resume) => void server.close(() => resume(Effect.void)))
  )

layer(Layer.merge(Sandbox.layer({ hosts: 2 }), NodeContext.layer), { excludeTestServices: true })("a cluster", (it) => {
  it.scoped("whose worker exits at once: its last lines are told, master and the other worker are gone", () =>
    Effect.gen(function*() {
      const worker = process("worker", "host-1", ["sh", "-c", "echo one; echo two >&2; exit 3"])
      const error = yield* failsOver(yield* Sandbox.Sandbox, {}, start([master, good, worker]))
      assert.deepStrictEqual(told(error), ["ClusterError", "Exited", "host-1"])
      for (const text of ["worker", "code 3", "  | one", "  | two"]) assert.include(error.message, text)
      assert.include(error.hint, `sh -c 'echo one; echo two >&2; exit 3'`)
    }))

  it.scoped("whose master is no program", () =>
    Effect.gen(function*() {
      const broken = process("master", Host.manager.alias, ["no-such-program", "--port", port("master")])
      const error = yield* failsOver(yield* Sandbox.Sandbox, {}, start([broken, good]))
      assert.deepStrictEqual(told(error), ["ClusterError", "Exited", Host.manager.alias])
      assert.match(error.message, /\| .*no-such-program: (not found|Permission denied)/)
    }))

  it.scoped("whose worker never listens: told at its deadline, with what it said", () =>
    Effect.gen(function*() {
      const worker = process("worker", "host-1", ["sh", "-c", "echo thinking; exec sleep 1000"], { deadline: 1 })
      const error = yield* failsOver(yield* Sandbox.Sandbox, {}, start([master, worker]))
      assert.deepStrictEqual(told(error), ["ClusterError", "NotReady", "host-1"])
      for (const text of ["within 1s: nothing listens on its port 61", "  | thinking"]) {
        assert.include(error.message, text)
      }
      assert.include(error.hint, "deadline")
    }))

  it.scoped("whose ports are all taken", () =>
    Effect.gen(function*() {
      for (const port of [61100, 61101, 61102]) yield* hold(port)
      const worker = { ...good, ports: [{ name: "comm", preferred: 61102, from: 61100, to: 61101 }] }
      const error = yield* failsOver(yield* Sandbox.Sandbox, {}, start([master, worker]))
      assert.deepStrictEqual(told(error), ["ClusterError", "NoPort", "host-2"])
      for (
        const text of ["port comm of good", "61102, 61100-61101", "  | host-2 cannot bind 61102, 61100, 61101"]
      ) assert.include(error.message, text)
    }))

  it.scoped("on a host whose sshd forwards nothing: told at once, and what may forbid it", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.make({ hosts: 2, allowTcpForwarding: false })
      const error = yield* failsOver(sandbox, {}, start([master, good]))
      assert.deepStrictEqual(told(error), ["SshError", "ForwardForbidden", "host-2"])
      assert.include(error.hint, "AllowTcpForwarding")
    }))

  it.scoped("whose plan contradicts itself is refused before anything starts", () =>
    Effect.gen(function*() {
      const lost = { ...good, place: "host-9", ready: { _tag: "Tcp" as const, port: "http" } }
      const error = yield* failsOver(yield* Sandbox.Sandbox, {}, start([master, lost]))
      assert.deepStrictEqual([error._tag, error.reason], ["ClusterError", "Plan"])
      for (const text of ["no runtime on host-9", "its port http"]) assert.include(error.message, text)
    }))

  it.scoped("whose packages cannot be installed", () =>
    Effect.gen(function*() {
      const environments = [{ places: ["host-1"], packages: ["toolz==0.0.0.1"] }]
      const error = yield* failsOver(yield* Sandbox.Sandbox, {}, start([master, good], { environments }))
      assert.deepStrictEqual(told(error), ["PythonEnvironmentError", "Install", "host-1"])
    }))
})

const failure = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<E, never, R> =>
  Effect.flip(effect).pipe(Effect.catchAll(() => Effect.dieMessage("it did not fail")))

const dask = (options: DaskCluster.Options) =>
  Effect.flatMap(RuntimeGroup.make(["host-1", "host-2"]), (group) => DaskCluster.make(group, options))

layer(Layer.merge(Sandbox.layer({ hosts: 2 }), NodeContext.layer), { excludeTestServices: true })("Dask", (it) => {
  it.scoped("without dask among its packages", () =>
    Effect.gen(function*() {
      const error = yield* failsOver(yield* Sandbox.Sandbox, {}, dask({ packages: ["toolz==1.2.0"] }))
      assert.deepStrictEqual([error._tag, error.reason], ["ClusterError", "Exited"])
      assert.match(error.message, /\| .*No module named dask/)
      assert.strictEqual(error.hint, "add dask to the packages of the cluster")
    }))

  it.scoped("whose workers are given what they do not take: their own words are told", () =>
    Effect.gen(function*() {
      const options = { packages: daskWorkerPackages, memoryLimit: -1, threads: -1 }
      const error = yield* failsOver(yield* Sandbox.Sandbox, {}, dask(options))
      assert.deepStrictEqual([error._tag, error.reason], ["ClusterError", "Exited"])
      assert.match(error.message, / {2}\| /)
    }))

  it.scoped("where a function raises, or gives what the schema refuses", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.Sandbox
      const raising = PythonFunction.make({
        source: "def check(x):\n    raise ValueError(f'{x} is too much')",
        args: { x: Schema.Int },
        returns: Schema.Int
      })
      const text = PythonFunction.make({
        source: "def text(x): return str(x)",
        args: { x: Schema.Int.pipe(Schema.positive()) },
        returns: Schema.Int
      })
      const { exit, reports } = yield* run(
        Effect.gen(function*() {
          const { client } = yield* dask({ packages: daskWorkerPackages })
          return {
            raised: yield* failure(Effect.flatMap(client.submit(raising, { x: 7 }), client.result)),
            returned: yield* failure(Effect.flatMap(client.submit(text, { x: 7 }), client.result)),
            given: yield* failure(client.submit(text, { x: -7 }))
          }
        }).pipe(Effect.scoped, Effect.provide(services(sandbox, sandbox.configFile)))
      )
      yield* nothingLeft(sandbox, reports)
      const { given, raised, returned } = yield* exit
      for (const error of [raised, returned, given]) assert.isTrue((error.hint ?? "").length > 10, error.message)
      assert.deepStrictEqual([raised._tag, raised.reason], ["FunctionError", "Raised"])
      assert.match(raised.host ?? "", /worker-\d/)
      for (const part of ["ValueError", "7 is too much", "line 2, in check"]) assert.include(raised.message, part)
      assert.deepStrictEqual([returned._tag, returned.reason], ["FunctionError", "Result"])
      assert.include(returned.message, "\"7\"")
      assert.deepStrictEqual(told(given), ["FunctionError", "Arguments", undefined])
      assert.include(given.message, "actual -7")
    }))
})
