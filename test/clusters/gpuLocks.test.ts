import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Blueprint from "../../src/clusters/Blueprint.ts"
import * as Cluster from "../../src/clusters/Cluster.ts"
import type { ProcessPlan } from "../../src/clusters/ClusterPlan.ts"
import * as DaskPlan from "../../src/clusters/DaskPlan.ts"
import * as Launcher from "../../src/clusters/Launcher.ts"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import { Gpu } from "../../src/services/HostFacts.ts"
import { Ledger } from "../../src/services/Ledger.ts"
import { InMemorySsh } from "../../src/testing/InMemorySsh.ts"
import { race, start } from "./gpuLocks.ts"
import { blueprint, plan, process } from "./memoryCluster.ts"
import { cluster, on, states } from "./supervised.ts"

const withGpus = (count: number) => ({
  gpus: Array.from({ length: count }, (_, index) => Gpu.make({ index, name: "A100", memory: 2 ** 36 }))
})

const using = (gpus: ReadonlyArray<number>): ProcessPlan => ({
  ...process("w1", "worker", "a"),
  resources: { cpus: 1, memory: 2 ** 30, gpus: [...gpus] }
})
const one = plan([process("master", "master", "(manager)"), using([0, 1])], ["a"])
const other = plan([process("master", "master", "(manager)"), using([1])], ["a"])

describe("GPUs of a process", () => {
  it.effect("are nobody else's as long as it is there: another cluster is told whose they are, and leaves nothing", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const first = yield* start(one, ["a"])
      const id = first.group.runtimes[0]?.id ?? ""
      const before = (yield* hosts.leftovers).length
      const error = yield* Effect.flip(start(other, ["a"]))
      assert.deepInclude(error, { _tag: "ClusterError", reason: "GpuTaken", host: "a", step: "w1" })
      assert.match(error.message, /GPU 1 is held by Test w1 of \S+@\S+/)
      const file = /cat (\S+\.json)/.exec(error.message)?.[1] ?? ""
      assert.include(file, id)
      const files = yield* hosts.files("a")
      const read = Effect.flatMap(
        files.read(file, 0, 1e6),
        (bytes) => Schema.decode(Schema.parseJson(Ledger))(new TextDecoder().decode(bytes))
      )
      assert.deepStrictEqual((yield* read).gpus, [{ index: 0, by: "Test w1" }, { index: 1, by: "Test w1" }])
      yield* Effect.sleep("1 minute")
      // The runtimes of the second are the test's until it ends: its processes, ports and claims are gone.
      const left = (yield* hosts.leftovers).filter((line) => line.includes("server") || line.includes("gpu"))
      assert.isBelow(left.length, before)
      assert.deepStrictEqual(yield* states(first.cluster), ["master on (manager): ready", "w1 on a: ready"])

      // Started again, it still has them; once it is gone somebody else may.
      yield* hosts.kill("a", "server")
      yield* Effect.sleep("10 seconds")
      assert.isTrue((yield* first.cluster.status).healthy)
      assert.strictEqual((yield* Effect.flip(start(other, ["a"])))._tag, "ClusterError")
      yield* first.close
      const third = yield* start(other, ["a"])
      assert.isTrue((yield* third.cluster.status).healthy)
    }).pipe(Effect.scoped, on(["a"])))

  it.effect("go to one of many who want them at the same time", () => race("a", 5).pipe(Effect.scoped, on(["a"])))

  it.effect("are free again when a manager was away for longer than the lease, and after a power cut", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const holder = yield* Runtime.make("a", { lease: "5 seconds" })
      yield* holder.holdsGpus("first", [0, 1])
      yield* hosts.partition("(manager)", "a")
      yield* Effect.sleep("1 minute")
      yield* hosts.heal("(manager)", "a")
      // The connection that it had before is found to be lost.
      const again = Effect.retry(Runtime.make("a"), { times: 5, schedule: Schedule.spaced("1 second") })
      const second = yield* again
      yield* second.holdsGpus("second", [1])
      yield* hosts.powerCut("a")
      yield* Effect.sleep("1 minute")
      yield* hosts.boot("a")
      yield* Effect.sleep("1 minute")
      const third = yield* again
      yield* third.holdsGpus("third", [0, 1])
    }).pipe(Effect.scoped, on(["a"])))

  it.effect("stay with workers that run when others join their host", () =>
    Effect.gen(function*() {
      const { cluster: made } = yield* cluster(["a"], blueprint({ workers: 1 }))
      yield* Cluster.scale(made, 2)
      const gpus = (yield* made.plan).processes.map(({ resources }) => resources?.gpus)
      assert.deepStrictEqual(gpus, [undefined, [0, 1], []])
      assert.isTrue((yield* made.status).healthy)
    }).pipe(on([{ alias: "a", facts: withGpus(2) }])))

  it("can be left out by a launcher", () => {
    const place = (alias: string, count: number) => ({
      alias,
      facts: { cpus: 4, memory: 2 ** 33, python: "3.11.2", ...withGpus(count) }
    })
    const planned = Blueprint.plan(
      DaskPlan.blueprint({ launcher: Launcher.withoutGpus() }),
      { manager: place("(manager)", 0), hosts: [place("a", 2)] }
    )
    assert.deepInclude(planned.processes[1]?.resources, { gpus: [] })
    assert.deepInclude(planned.processes[1]?.env, { CUDA_VISIBLE_DEVICES: "" })
  })
})
