/**
 * How long tests on hosts in memory take in real time: `npm run bench:memory`. Each is a whole test, from the layer on.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { performance } from "node:perf_hooks"
import * as Cluster from "../src/clusters/Cluster.ts"
import * as DaskCluster from "../src/clusters/DaskCluster.ts"
import * as Runtime from "../src/runtimes/Runtime.ts"
import * as RuntimeGroup from "../src/runtimes/RuntimeGroup.ts"
import type { Ssh } from "../src/services/Ssh.ts"
import * as InMemoryDask from "../src/testing/InMemoryDask.ts"
import { InMemorySsh, layer, nothingLeft } from "../src/testing/InMemorySsh.ts"
import * as VirtualTime from "../src/testing/VirtualTime.ts"
import * as memoryCluster from "../test/clusters/memoryCluster.ts"

const names = ["host-1", "host-2", "host-3"]

const runs = 100
/** Before the engine has compiled what is hot: until then a run takes more than half as long again. */
const warm = 100

const inMemory = <A, E>(test: Effect.Effect<A, E, InMemorySsh | Ssh | Scope.Scope>) =>
  test.pipe(
    Effect.scoped,
    Effect.zipLeft(nothingLeft),
    VirtualTime.run(),
    Effect.provide(layer(names, { commands: { ...InMemoryDask.commands(), server: memoryCluster.server } }))
  )

/** Until another process of that kind runs there. */
const replaced = (host: string, pid: number, word: string) =>
  Effect.flatMap(InMemorySsh, (hosts) =>
    Effect.repeat(Effect.sleep("250 millis"), {
      until: () =>
        Effect.map(
          hosts.processes(host),
          (running) => running.some((process) => process.pid !== pid && process.argv.includes(word))
        )
    }))

/** Kills a worker, and waits until it is ready again. */
const heals = (cluster: Cluster.Cluster, host: string, id: string, word: string) =>
  Effect.gen(function*() {
    const hosts = yield* InMemorySsh
    const pid = (yield* cluster.processes).find(({ plan }) => plan.id === id)?.service.pid ?? 0
    yield* hosts.kill(host, pid)
    yield* replaced(host, pid, word)
  })

/** What a test of a user's cluster does: two hosts, stand-ins that answer their probes. */
const standIns = Effect.gen(function*() {
  const manager = yield* Runtime.manager()
  const group = yield* RuntimeGroup.make(["host-1", "host-2"])
  const processes = [
    memoryCluster.process("master", "master", "(manager)"),
    memoryCluster.process("w1", "worker", "host-1"),
    memoryCluster.process("w2", "worker", "host-2")
  ]
  const cluster = yield* Cluster.start(memoryCluster.plan(processes, ["host-1", "host-2"]), { manager, group })
  yield* heals(cluster, "host-2", "w2", "server")
})

const dask = Effect.gen(function*() {
  const { client, cluster } = yield* DaskCluster.make(yield* RuntimeGroup.make(names))
  yield* heals(cluster, "host-2", "worker-2", "worker")
  yield* client.waitForWorkers(names.length, "1 minute")
})

const tests = {
  "a runtime executes a command": Effect.gen(function*() {
    const runtime = yield* Runtime.make("host-1")
    yield* Effect.flatMap(runtime.exec({ argv: ["sh", "-c", "echo a | cat > b && cat b"] }), ({ exit }) => exit)
  }),
  "a worker dies, the cluster heals, all is gone": standIns,
  "the same with Dask on three hosts": dask
}

/** Real time, and the processor's: on a machine with other work only that tells much. */
const measured = <A, E>(test: Effect.Effect<A, E>) =>
  Effect.gen(function*() {
    const [cpu, before] = [process.cpuUsage(), performance.now()]
    yield* test
    const { system, user } = process.cpuUsage(cpu)
    return { real: performance.now() - before, processor: (system + user) / 1000 }
  })

const quantiles = (times: ReadonlyArray<number>) => {
  const sorted = [...times].sort((a, b) => a - b)
  const at = (part: number) => (sorted[Math.floor(part * (sorted.length - 1))] ?? 0).toFixed(1)
  return `median ${at(0.5)} ms, fastest ${at(0)}, 90% within ${at(0.9)}`
}

const program = Effect.forEach(Object.entries(tests), ([name, test]) =>
  Effect.gen(function*() {
    yield* Effect.replicateEffect(inMemory(test), warm)
    const times = yield* Effect.replicateEffect(measured(inMemory(test)), runs)
    yield* Console.log(`${name}
  real:      ${quantiles(times.map(({ real }) => real))}
  processor: ${quantiles(times.map(({ processor }) => processor))}`)
  }))

program.pipe(NodeRuntime.runMain)
