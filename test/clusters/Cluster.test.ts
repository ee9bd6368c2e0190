import { assert, describe, it } from "@effect/vitest"
import { assertNone } from "@effect/vitest/utils"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as Cluster from "../../src/clusters/Cluster.ts"
import type { ClusterEvent } from "../../src/clusters/ClusterEvent.ts"
import { ClusterPlan, type ProcessPlan } from "../../src/clusters/ClusterPlan.ts"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import * as RuntimeGroup from "../../src/runtimes/RuntimeGroup.ts"
import { InMemorySsh, layer } from "../../src/testing/InMemorySsh.ts"
import { plan, process, server } from "./memoryCluster.ts"

const names = ["a", "b"]

const world = layer(names, { commands: { server } })

const places = Effect.all({ manager: Runtime.manager(), group: RuntimeGroup.make(names) })

const start = (processes: ReadonlyArray<ProcessPlan>) =>
  Effect.flatMap(places, (both) => Cluster.start(plan(processes, names), both))

const good = [process("master", "master", "(manager)"), process("w1", "worker", "a"), process("w2", "worker", "b")]

/** What is left of clusters: all but the guardians and their directories. */
const leftovers = Effect.flatMap(
  InMemorySsh,
  (hosts) => Effect.map(hosts.leftovers, (all) => all.filter((left) => / port | server /.test(left)))
)

const record = Effect.flatMap(InMemorySsh, (hosts) => hosts.record)

/** Under the clock of the test, to its end. */
const during = <A, E, R>(effect: Effect.Effect<A, E, R>, time: Parameters<typeof TestClock.adjust>[0]) =>
  Effect.fork(effect).pipe(Effect.tap(() => TestClock.adjust(time)), Effect.flatMap(Fiber.join))

describe("a cluster", () => {
  it.scoped("starts masters, then workers; every process gets its numbers, every place reaches them", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const cluster = yield* during(start(good), "10 seconds")
      const numbers = yield* Effect.forEach(["master", "w1", "w2"], (id) => cluster.port(id, "http"))
      const [master, w1, w2] = numbers.map(Option.getOrUndefined)
      assert.strictEqual(master, 8786)
      // One number everywhere: no port of the cluster has that of another.
      assert.deepStrictEqual([w1, w2].toSorted(), [9001, 9002])
      const running = yield* cluster.processes
      assert.deepStrictEqual(running.map(({ plan }) => plan.id), ["master", "w1", "w2"])
      assert.deepStrictEqual(yield* hosts.commandsOn("a"), [["server", "good", String(w1), "tcp://127.0.0.1:8786"]])
      const all = [cluster.manager, ...(yield* cluster.group).runtimes]
      for (const runtime of all) {
        for (const { ports } of running) {
          const connection = yield* runtime.connection
          yield* Effect.scoped(connection.dial({ port: ports["http"] ?? 0 }))
        }
      }
      const execs = (yield* record).flatMap((entry) =>
        entry._tag === "Exec" && entry.argv[0] === "server" ? [entry] : []
      )
      assert.strictEqual(execs[0]?.host, "(manager)")
      assert.strictEqual(execs.find(({ host }) => host === "a")?.env["ADDRESS"], `127.0.0.1:${w1}`)
    }).pipe(Effect.provide(world)))

  it.scoped("starts no worker before the masters are ready", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const fiber = yield* Effect.fork(
        start([process("master", "master", "(manager)", { kind: "slow" }), process("w1", "worker", "a")])
      )
      yield* TestClock.adjust("15 seconds")
      assert.deepStrictEqual(yield* hosts.commandsOn("a"), [])
      yield* TestClock.adjust("10 seconds")
      assert.lengthOf(yield* hosts.commandsOn("a"), 1)
      assert.lengthOf(yield* (yield* Fiber.join(fiber)).processes, 2)
    }).pipe(Effect.provide(world)))

  it.effect("ends workers before masters, and frees ports and tunnels", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const cluster = yield* during(Scope.extend(start(good), scope), "10 seconds")
      const order = Effect.map(record, (all) => all.flatMap((entry) => entry._tag === "Signalled" ? [entry.host] : []))
      const before = (yield* order).length
      yield* Scope.close(scope, Exit.void)
      const signalled = (yield* order).slice(before)
      assert.deepStrictEqual(signalled.slice(0, 2).toSorted(), ["a", "b"])
      assert.strictEqual(signalled[2], "(manager)")
      assert.deepStrictEqual(yield* Effect.flatMap(InMemorySsh, (hosts) => hosts.leftovers), [])
      assertNone(yield* cluster.port("nobody", "http"))
    }).pipe(Effect.provide(world)))

  it.scoped("tells when a process exits and a link goes", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const cluster = yield* during(start(good), "10 seconds")
      const seen = yield* Ref.make<ReadonlyArray<ClusterEvent>>([])
      yield* Effect.forkScoped(Stream.runForEach(cluster.events, (event) => Ref.update(seen, (all) => [...all, event])))
      yield* TestClock.adjust(0)
      yield* hosts.kill("a", "server")
      yield* hosts.refuse("b")
      yield* hosts.cut("b")
      yield* TestClock.adjust("2 seconds")
      yield* hosts.restore("b")
      yield* TestClock.adjust("3 seconds")
      const events = yield* Ref.get(seen)
      assert.deepInclude(events, {
        _tag: "ProcessExited",
        process: "w1",
        host: "a",
        code: 137,
        signal: "KILL",
        log: ["a serves"]
      })
      assert.deepStrictEqual(events.filter(({ _tag }) => _tag === "Link"), [
        { _tag: "Link", host: "b", state: "away" },
        { _tag: "Link", host: "b", state: "up" }
      ])
    }).pipe(Effect.provide(world)))
})

describe("a cluster that cannot start", () => {
  it.scoped("because a process exits: the error has its code and its last words, and nothing is left at once", () =>
    Effect.gen(function*() {
      const error = yield* during(
        Effect.flip(start([
          good[0] as ProcessPlan,
          process("w1", "worker", "a"),
          process("w2", "worker", "b", {
            kind: "broken"
          })
        ])),
        "10 seconds"
      )
      assert.deepInclude(error, { _tag: "ClusterError", reason: "Exited", host: "b", step: "w2" })
      for (const part of ["code 3", "  | ImportError: no module named dask", "hint: run its command by hand on b"]) {
        assert.include(error.message, part)
      }
      assert.deepStrictEqual(yield* leftovers, [])
    }).pipe(Effect.provide(world)))

  it.scoped("because a process is not ready within its deadline: no earlier, with its last words", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.fork(
        Effect.flip(start([process("master", "master", "(manager)", { kind: "never" }), process("w1", "worker", "a")]))
      )
      yield* TestClock.adjust("29 seconds")
      assert.isTrue(Option.isNone(yield* Fiber.poll(fiber)))
      yield* TestClock.adjust("2 seconds")
      const error = yield* Fiber.join(fiber)
      assert.deepInclude(error, { _tag: "ClusterError", reason: "NotReady", host: "(manager)", step: "master" })
      assert.include(error.message, "  | waiting for godot")
      assert.include(error.message, "nothing listens")
      assert.deepStrictEqual(yield* leftovers, [])
    }).pipe(Effect.provide(world)))

  it.scoped("because it is interrupted at any moment: nothing is left", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const both = yield* during(Scope.extend(places, scope), "10 seconds")
      for (let millis = 0; millis <= 3000; millis += 250) {
        const fiber = yield* Effect.fork(
          Effect.scoped(Effect.zipRight(Cluster.start(plan(good, names), both), Effect.never))
        )
        yield* TestClock.adjust(millis)
        yield* Fiber.interruptFork(fiber)
        yield* TestClock.adjust("10 seconds")
        assert.isTrue(Option.isSome(yield* Fiber.poll(fiber)), `${millis}`)
        assert.deepStrictEqual(yield* leftovers, [], `${millis}`)
      }
      yield* during(Scope.close(scope, Exit.void), "10 seconds")
    }).pipe(Effect.provide(layer(names.map((alias) => ({ alias, latency: "50 millis" })), { commands: { server } }))))

  it.scoped("because its plan contradicts itself: told before anything runs", () =>
    Effect.gen(function*() {
      const both = yield* places
      const bad = ClusterPlan.make({ ...plan(good, names), routes: [{ process: "w9", port: "http", places: ["a"] }] })
      const error = yield* Effect.flip(Cluster.start(bad, both))
      assert.deepInclude(error, { _tag: "ClusterError", reason: "Plan" })
      assert.include(error.message, "w9.http")
      const homeless = plan([process("master", "master", "nowhere")], names)
      assert.include((yield* Effect.flip(Cluster.start(homeless, both))).message, "there is no runtime on nowhere")
      assert.deepStrictEqual(yield* leftovers, [])
    }).pipe(Effect.provide(world)))
})
