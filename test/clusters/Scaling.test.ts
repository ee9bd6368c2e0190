import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Ref from "effect/Ref"
import * as Cluster from "../../src/clusters/Cluster.ts"
import * as ClusterPlan from "../../src/clusters/ClusterPlan.ts"
import * as Launcher from "../../src/clusters/Launcher.ts"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import type { Handler } from "../../src/testing/InMemoryHost.ts"
import { InMemorySsh } from "../../src/testing/InMemorySsh.ts"
import { blueprint, server } from "./memoryCluster.ts"
import { cluster, on, reached, states } from "./supervised.ts"

const ready = (...workers: ReadonlyArray<string>) =>
  ["master on (manager)", ...workers].map((process) => `${process}: ready`)

const three = ["a", "b", "c"]

/** Of those that were drained, in order. */
const draining = Effect.gen(function*() {
  const drained = yield* Ref.make<ReadonlyArray<string>>([])
  const drain: Cluster.Options["drain"] = (workers) =>
    Ref.update(drained, (all) => [...all, workers.map(({ plan }) => plan.id).join("+")])
  return { drained: Ref.get(drained), drain }
})

describe("scale", () => {
  it.effect("adds workers and takes them away, drained first; those that stay are not touched", () =>
    Effect.gen(function*() {
      const { drain, drained } = yield* draining
      const { cluster: made, events } = yield* cluster(three, blueprint(), { drain })
      const pids = yield* Effect.map(made.processes, (all) => all.map(({ service }) => service.pid))
      yield* Cluster.scale(made, 6)
      assert.deepStrictEqual(
        yield* states(made),
        ready("worker-1 on a", "worker-2 on b", "worker-3 on c", "worker-4 on a", "worker-5 on b", "worker-6 on c")
      )
      assert.deepStrictEqual(yield* reached(made), [])
      yield* Cluster.scale(made, 2)
      assert.deepStrictEqual(yield* states(made), ready("worker-1 on a", "worker-2 on b"))
      assert.deepStrictEqual(yield* drained, ["worker-3+worker-4+worker-5+worker-6"])
      const now = yield* Effect.map(made.processes, (all) => all.map(({ service }) => service.pid))
      assert.deepStrictEqual(now, pids.slice(0, 3))
      yield* Effect.sleep(1)
      assert.deepStrictEqual((yield* events).flatMap((event) => event._tag === "Changed" ? [event] : []), [
        { _tag: "Changed", added: ["worker-4", "worker-5", "worker-6"], removed: [] },
        { _tag: "Changed", added: [], removed: ["worker-3", "worker-4", "worker-5", "worker-6"] }
      ])
      const plan = yield* made.plan
      assert.deepStrictEqual(plan.places, ["(manager)", "a", "b"])
      assert.notInclude(ClusterPlan.render(plan), "worker-3")
      assert.deepStrictEqual(ClusterPlan.faults(plan), [])
    }).pipe(on(three)))

  it.effect("is all or nothing: a new worker that fails leaves the cluster as it was", () =>
    Effect.gen(function*() {
      const { cluster: made } = yield* cluster(["a", "b"], blueprint())
      const hosts = yield* InMemorySsh
      const before = { plan: yield* made.plan, left: (yield* hosts.leftovers).length }
      const error = yield* Effect.flip(Cluster.scale(made, 4))
      assert.deepInclude(error, { _tag: "ClusterError", reason: "Exited", host: "b" })
      assert.deepStrictEqual(yield* states(made), ready("worker-1 on a", "worker-2 on b"))
      assert.deepStrictEqual({ plan: yield* made.plan, left: (yield* hosts.leftovers).length }, before)
      yield* Cluster.scale(made, 3)
      assert.deepStrictEqual(yield* states(made), ready("worker-1 on a", "worker-2 on b", "worker-3 on a"))
    }).pipe(on(["a", "b"], { server: onlyOneOn("b") })))

  it.effect("is all or nothing: where workers cannot be drained none is removed", () =>
    Effect.gen(function*() {
      const { cluster: made } = yield* cluster(three, blueprint(), {
        drain: () => Effect.fail({ message: "worker-3 is the only one with x" })
      })
      const error = yield* Effect.flip(Cluster.scale(made, 1))
      assert.deepInclude(error, { _tag: "ClusterError", reason: "Drain", host: "b, c", step: "worker-2, worker-3" })
      assert.include(error.message, "the only one with x")
      assert.deepStrictEqual(yield* states(made), ready("worker-1 on a", "worker-2 on b", "worker-3 on c"))
    }).pipe(on(three)))

  it.effect("can be interrupted at any moment: then nothing has changed, or all", () =>
    Effect.gen(function*() {
      const { cluster: made } = yield* cluster(["a", "b"], blueprint(), { drain: () => Effect.sleep("200 millis") })
      const before = yield* states(made)
      for (let millis = 0; millis <= 1200; millis += 100) {
        for (const workers of [3, 1]) {
          const fiber = yield* Effect.fork(Cluster.scale(made, workers))
          yield* Effect.sleep(millis)
          yield* Fiber.interrupt(fiber)
          const after = yield* states(made)
          if (after.length !== before.length) {
            assert.lengthOf(after, workers + 1, `${millis}`)
            yield* Cluster.scale(made, 2)
          }
          assert.deepStrictEqual((yield* states(made)).map((state) => state.slice(-5)), ["ready", "ready", "ready"])
          assert.deepStrictEqual(yield* reached(made), [])
        }
      }
    }).pipe(on(["a", "b"].map((alias) => ({ alias, latency: "20 millis" as const })))))

  it.effect("is one change at a time", () =>
    Effect.gen(function*() {
      const { cluster: made } = yield* cluster(["a", "b"], blueprint())
      yield* Effect.all([Cluster.scale(made, 4), Cluster.scale(made, 1), Cluster.scale(made, 3)], { concurrency: 3 })
      assert.lengthOf(yield* made.processes, 4)
      assert.deepStrictEqual(yield* reached(made), [])
    }).pipe(on(["a", "b"])))

  it.effect("is refused where the launcher has no seats", () =>
    Effect.gen(function*() {
      const { cluster: made } = yield* cluster(["a", "b"], blueprint({ launcher: Launcher.perHost(2) }))
      assert.lengthOf(yield* made.processes, 5)
      const error = yield* Effect.flip(Cluster.scale(made, 5))
      assert.deepInclude(error, {
        _tag: "ClusterError",
        reason: "NoHosts",
        detail: "there are seats for 4 of 5 workers"
      })
      assert.lengthOf(yield* made.processes, 5)
    }).pipe(on(["a", "b"])))
})

/** A second worker on a host does not start. */
const onlyOneOn = (host: string): Handler => {
  let begun = 0
  return (process) =>
    process.host === host && begun++ > 0 ? Effect.as(process.stderr("no second one\n"), 1) : server(process)
}

describe("hosts", () => {
  it.effect("come: taken into use, with a worker of their own; a runtime that stands is only used", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const { cluster: made } = yield* cluster(["a"], blueprint())
      yield* Cluster.addRuntime(made, "b")
      yield* Cluster.addRuntime(made, yield* Runtime.make("c"))
      assert.deepStrictEqual(yield* states(made), ready("worker-1 on a", "worker-2 on b", "worker-3 on c"))
      assert.deepStrictEqual(yield* reached(made), [])
      yield* Cluster.removeRuntime(made, "b")
      yield* Cluster.removeRuntime(made, "c")
      assert.deepStrictEqual(yield* states(made), ready("worker-1 on a"))
      assert.deepStrictEqual(yield* hosts.processes("b"), [])
      const onC = yield* hosts.processes("c")
      assert.isNotEmpty(onC)
      assert.isEmpty(onC.filter(({ argv }) => argv[0] === "server"))
      assert.deepStrictEqual((yield* made.group).runtimes.map(({ host }) => host.alias), ["a"])
    }).pipe(on(three)))

  it.effect("go: what was asked for is elsewhere then", () =>
    Effect.gen(function*() {
      const { drain, drained } = yield* draining
      const { cluster: made } = yield* cluster(three, blueprint({ workers: 3 }), { drain })
      yield* Cluster.removeRuntime(made, "b")
      assert.deepStrictEqual(yield* states(made), ready("worker-1 on a", "worker-3 on c", "worker-4 on a").toSorted())
      assert.deepStrictEqual(yield* drained, ["worker-2"])
      assert.deepStrictEqual(yield* reached(made), [])
    }).pipe(on(three)))

  it.effect("that cannot be used change nothing", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const { cluster: made } = yield* cluster(["a"], blueprint())
      yield* hosts.refuse("b")
      const error = yield* Effect.flip(Cluster.addRuntime(made, "b"))
      assert.deepInclude(error, { _tag: "SshError", reason: "Refused", host: "b" })
      const stranger = yield* Effect.flip(Cluster.removeRuntime(made, "c"))
      assert.deepInclude(stranger, { _tag: "ClusterError", reason: "UnknownHost", host: "c" })
      assert.include(stranger.message, "its hosts: a")
      assert.deepStrictEqual(yield* states(made), ready("worker-1 on a"))
    }).pipe(on(three)))

  it.effect("that are lost while there is a number to keep are replaced, and scaling goes on without them", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const { cluster: made } = yield* cluster(three, blueprint({ workers: 3 }))
      yield* hosts.powerCut("c")
      yield* Effect.sleep("1 minute")
      yield* Cluster.scale(made, 4)
      assert.deepStrictEqual(
        (yield* made.plan).processes.map(({ place }) => place).toSorted(),
        ["(manager)", "a", "a", "b", "b"]
      )
      assert.lengthOf(yield* made.processes, 5)
      assert.deepStrictEqual(yield* reached(made), [])
      yield* hosts.boot("c")
      yield* Effect.sleep("1 minute")
      assert.isTrue((yield* made.status).healthy)
    }).pipe(on(three)))
})

describe("the master", () => {
  it.effect("may run on a host, reached from the manager and from all others", () =>
    Effect.gen(function*() {
      const { cluster: made } = yield* cluster(
        three,
        blueprint({ launcher: Launcher.masterOn("b", Launcher.on(["a", "c"])) })
      )
      assert.deepStrictEqual(yield* states(made), [
        "master on b: ready",
        "worker-1 on a: ready",
        "worker-2 on c: ready"
      ])
      assert.deepStrictEqual(yield* reached(made), [])
      const [master] = yield* made.processes
      const connection = yield* made.manager.connection
      yield* Effect.scoped(connection.dial({ port: master?.ports["http"] ?? 0 }))
      const error = yield* Effect.flip(Cluster.removeRuntime(made, "b"))
      assert.deepInclude(error, { reason: "UnknownHost", detail: "its master is what the cluster hangs on" })
    }).pipe(on(three)))
})

describe("adapt", () => {
  it.effect("goes up at once, down when fewer were enough for a while, and never over its bounds", () =>
    Effect.gen(function*() {
      const { cluster: made } = yield* cluster(["a", "b"], blueprint())
      const wanted = yield* Ref.make(2)
      const count = Effect.map(made.processes, (all) => all.length - 1)
      yield* Cluster.adapt(made, { min: 1, max: 4, by: Ref.get(wanted) })
      yield* Ref.set(wanted, 9)
      yield* Effect.sleep("8 seconds")
      assert.strictEqual(yield* count, 4)
      yield* Ref.set(wanted, 0)
      yield* Effect.sleep("8 seconds")
      assert.strictEqual(yield* count, 4)
      yield* Ref.set(wanted, 4)
      yield* Effect.sleep("5 seconds")
      yield* Ref.set(wanted, 0)
      yield* Effect.sleep("8 seconds")
      assert.strictEqual(yield* count, 4)
      yield* Effect.sleep("15 seconds")
      assert.strictEqual(yield* count, 1)
    }).pipe(on(["a", "b"])))
})

describe("a plan", () => {
  it.effect("is refused where its facts have changed", () =>
    Effect.gen(function*() {
      const { cluster: made, group } = yield* cluster(["a"], blueprint())
      const plan = yield* made.plan
      const old = ClusterPlan.ClusterPlan.make({
        ...plan,
        facts: (plan.facts ?? []).map((facts) => facts.place === "a" ? { ...facts, cpus: 64 } : facts)
      })
      const error = yield* Effect.flip(Cluster.start(old, { manager: made.manager, group }))
      assert.deepInclude(error, { _tag: "ClusterError", reason: "Facts", detail: "a has 4 cores, not 64" })
    }).pipe(on(["a"])))
})
