/**
 * How long tests on hosts in memory take in real time: `npm run bench:memory`. Each is a whole test, from the layer on.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { performance } from "node:perf_hooks"
import * as DaskCluster from "../src/clusters/DaskCluster.ts"
import * as Runtime from "../src/runtimes/Runtime.ts"
import * as RuntimeGroup from "../src/runtimes/RuntimeGroup.ts"
import type { Ssh } from "../src/services/Ssh.ts"
import * as InMemoryDask from "../src/testing/InMemoryDask.ts"
import { InMemorySsh, layer, nothingLeft } from "../src/testing/InMemorySsh.ts"
import * as VirtualTime from "../src/testing/VirtualTime.ts"

const names = ["host-1", "host-2", "host-3"]

const runs = 40
/** Before the engine has compiled what is hot. */
const warm = 10

const inMemory = <A, E>(test: Effect.Effect<A, E, InMemorySsh | Ssh | Scope.Scope>) =>
  test.pipe(
    Effect.scoped,
    Effect.zipLeft(nothingLeft),
    VirtualTime.run(),
    Effect.provide(layer(names, { commands: InMemoryDask.commands() }))
  )

/** A worker dies, is started again and registered, and everything is cleaned up. */
const heals = Effect.gen(function*() {
  const hosts = yield* InMemorySsh
  const group = yield* RuntimeGroup.make(names)
  const { client, cluster } = yield* DaskCluster.make(group)
  const workers = yield* cluster.processes
  const pid = workers.find(({ plan }) => plan.id === "worker-2")?.service.pid ?? 0
  yield* hosts.kill("host-2", pid)
  yield* Effect.repeat(Effect.sleep("250 millis"), {
    until: () =>
      Effect.map(
        hosts.processes("host-2"),
        (running) => running.some((process) => process.pid !== pid && process.argv.includes("worker"))
      )
  })
  yield* client.waitForWorkers(names.length, "1 minute")
})

const tests = {
  "a runtime executes a command": Effect.gen(function*() {
    const runtime = yield* Runtime.make("host-1")
    yield* Effect.flatMap(runtime.exec({ argv: ["sh", "-c", "echo a | cat > b && cat b"] }), ({ exit }) => exit)
  }),
  "a Dask cluster on three hosts": Effect.gen(function*() {
    yield* DaskCluster.make(yield* RuntimeGroup.make(names))
  }),
  "a worker dies, the cluster heals": heals
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
