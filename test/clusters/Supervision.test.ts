import { assert, describe, it } from "@effect/vitest"
import { assertSome } from "@effect/vitest/utils"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { ClusterPlan } from "../../src/clusters/ClusterPlan.ts"
import type { Handler } from "../../src/testing/InMemoryHost.ts"
import { InMemorySsh } from "../../src/testing/InMemorySsh.ts"
import { blueprint, server } from "./memoryCluster.ts"
import { cluster, on, reached, states, told } from "./supervised.ts"

/** A blueprint with something changed in its workers. */
const workers = (change: Partial<ClusterPlan["processes"][number]>, count?: number) => {
  const made = blueprint({ workers: count })
  return {
    ...made,
    plan: (placement: Parameters<typeof made.plan>[0]) => {
      const plan = made.plan(placement)
      return ClusterPlan.make({
        ...plan,
        processes: plan.processes.map((process) => process.role === "worker" ? { ...process, ...change } : process)
      })
    }
  }
}

describe("a worker that dies", () => {
  it.effect("is started again on its host, after a pause, in the same ports; nothing of either stays", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const { cluster: made, events } = yield* cluster(["a", "b"], blueprint())
      const before = Option.getOrThrow(yield* made.port("worker-1", "http"))
      yield* hosts.kill("a", "server")
      yield* Effect.sleep("400 millis")
      assert.deepStrictEqual(yield* states(made), [
        "master on (manager): ready",
        "worker-1 on a: restarting",
        "worker-2 on b: ready"
      ])
      yield* Effect.sleep("5 seconds")
      assert.isTrue((yield* made.status).healthy)
      assert.deepStrictEqual(told(yield* events, "worker-1"), [
        "ProcessExited a",
        "Restarting a",
        "ProcessStarted a",
        "ProcessReady a"
      ])
      const [exited, restarting] = yield* events
      assert.deepInclude(exited, { _tag: "ProcessExited", code: 137, signal: "KILL", log: ["a serves"] })
      assert.deepInclude(restarting, { _tag: "Restarting", attempt: 1 })
      assertSome(yield* made.port("worker-1", "http"), before)
      assert.deepStrictEqual(yield* reached(made), [])
      assert.lengthOf((yield* hosts.processes("a")).filter(({ argv }) => argv[0] === "server"), 1)
    }).pipe(on(["a", "b"])))

  it.effect("again and again goes to another host, and its routes with it", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const { cluster: made, events } = yield* cluster(["a", "b"], blueprint({ workers: 1 }), {
        restart: Schedule.recurs(2)
      })
      for (let death = 0; death < 3; death++) {
        yield* hosts.kill("a", "server")
        yield* Effect.sleep("5 seconds")
      }
      assert.deepStrictEqual(yield* states(made), ["master on (manager): ready", "worker-1 on b: ready"])
      assert.deepStrictEqual(told(yield* events, "worker-1").slice(-5), [
        "ProcessReady a",
        "ProcessExited a",
        "Moved b",
        "ProcessStarted b",
        "ProcessReady b"
      ])
      assert.deepStrictEqual((yield* made.plan).processes.map(({ place }) => place), ["(manager)", "b"])
      assert.deepStrictEqual(yield* reached(made), [])
      assert.deepStrictEqual((yield* hosts.processes("a")).filter(({ argv }) => argv[0] === "server"), [])
    }).pipe(on(["a", "b"])))

  it.effect("counts no more once it was stable", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const { cluster: made, events } = yield* cluster(["a", "b"], blueprint({ workers: 1 }), {
        restart: Schedule.recurs(1),
        stable: "30 seconds"
      })
      for (let death = 0; death < 4; death++) {
        yield* hosts.kill("a", "server")
        yield* Effect.sleep("40 seconds")
      }
      assert.deepStrictEqual(yield* states(made), ["master on (manager): ready", "worker-1 on a: ready"])
      const attempts = (yield* events).flatMap((event) => event._tag === "Restarting" ? [event.attempt] : [])
      assert.deepStrictEqual(attempts, [1, 1, 1, 1])
    }).pipe(on(["a", "b"])))

  it.effect("is given up where there is no other host, and tried again when one comes", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const { cluster: made, events } = yield* cluster(["a"], blueprint({ workers: 1 }), { restart: Schedule.stop })
      yield* hosts.kill("a", "server")
      yield* Effect.sleep("5 seconds")
      assert.deepStrictEqual(yield* states(made), ["master on (manager): ready", "worker-1 on a: given up"])
      const gaveUp = (yield* events).find(({ _tag }) => _tag === "GaveUp")
      assert.deepInclude(gaveUp, { process: "worker-1", host: "a", detail: "it ended by SIGKILL" })
      yield* hosts.powerCut("a")
      yield* Effect.sleep("1 minute")
      yield* hosts.boot("a")
      yield* Effect.sleep("1 minute")
      assert.deepStrictEqual(yield* states(made), ["master on (manager): ready", "worker-1 on a: ready"])
    }).pipe(on(["a"])))

  for (
    const [restart, code, state] of [
      ["never", 1, "ended"],
      ["onFailure", 0, "ended"],
      ["onFailure", 1, "ready"],
      ["always", 0, "ready"]
    ] as const
  ) {
    it.effect(`with code ${code} under the policy ${restart} is ${state} then`, () =>
      Effect.gen(function*() {
        const { cluster: made } = yield* cluster(["a"], workers({ restart }, 1))
        yield* Effect.sleep("1 minute")
        assert.deepStrictEqual((yield* states(made))[1], `worker-1 on a: ${state}`)
      }).pipe(on(["a"], { server: oneMinute(code) })))
  }

  it.effect("while its host is away is heard of, and started again, when the link is back", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const { cluster: made, events } = yield* cluster(["a", "b"], blueprint())
      yield* hosts.unreachable("a")
      yield* hosts.kill("a", "server")
      yield* Effect.sleep("15 seconds")
      assert.deepStrictEqual(told(yield* events, "worker-1"), [])
      yield* hosts.restore("a")
      yield* Effect.sleep("30 seconds")
      assert.deepStrictEqual(told(yield* events, "worker-1"), [
        "ProcessExited a",
        "Restarting a",
        "ProcessStarted a",
        "ProcessReady a"
      ])
      assert.isTrue((yield* made.status).healthy)
      assert.deepStrictEqual(yield* reached(made), [])
    }).pipe(on(["a", "b"])))
})

/** Ends a worker half a minute after it began; the second one stays. */
const oneMinute = (code: number): Handler => {
  let begun = 0
  return (process) => {
    if (process.host === "(manager)" || begun++ > 0) return server(process)
    return Effect.raceFirst(server(process), Effect.as(Effect.sleep("30 seconds"), code))
  }
}

describe("a worker that is not well", () => {
  it.effect("is ended and started again, once its probe has failed so often in a row", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const health = { probe: { _tag: "Http", port: "http", path: "/health" }, every: 10, failures: 3 } as const
      const made = workers(
        { health, argv: ["server", "sick", [{ _tag: "Port", process: "worker-1", name: "http" }]] },
        1
      )
      const { cluster: running, events } = yield* cluster(["a"], made)
      const files = yield* hosts.files("a")
      const sick = (seconds: number) =>
        files.write("/tmp/sick", Stream.empty).pipe(
          Effect.zipRight(Effect.sleep(`${seconds} seconds`)),
          Effect.zipRight(files.removeFile("/tmp/sick")),
          Effect.zipRight(Effect.sleep("15 seconds"))
        )
      // Asked every ten seconds: twice in a row, twice again.
      yield* sick(20)
      yield* sick(20)
      assert.deepStrictEqual(told(yield* events, "worker-1"), [])
      yield* sick(35)
      assert.deepStrictEqual(told(yield* events, "worker-1"), [
        "Unhealthy a",
        "Restarting a",
        "ProcessStarted a",
        "ProcessReady a"
      ])
      assert.isTrue((yield* running.status).healthy)
      assert.lengthOf((yield* hosts.processes("a")).filter(({ argv }) => argv[0] === "server"), 1)
    }).pipe(on(["a"])))
})

describe("a master that dies", () => {
  it.effect("is not started again: the cluster is lost, and says with what last words", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const { cluster: made, events } = yield* cluster(["a"], blueprint())
      const fiber = yield* Effect.fork(Effect.flip(made.lost))
      yield* Effect.sleep("5 seconds")
      assert.isTrue(Option.isNone(yield* Fiber.poll(fiber)))
      yield* hosts.kill("(manager)", "server")
      yield* Effect.sleep("5 seconds")
      const error = yield* Fiber.join(fiber)
      assert.deepInclude(error, { _tag: "ClusterError", reason: "Lost", host: "(manager)", step: "master" })
      for (const part of ["by SIGKILL", "  | (manager) serves", "hint:"]) assert.include(error.message, part)
      assert.deepStrictEqual(told(yield* events, "master"), ["ProcessExited (manager)"])
      assert.strictEqual((yield* states(made))[0], "master on (manager): ended")
    }).pipe(on(["a"])))
})

describe("a host that is lost", () => {
  it.effect("hands its workers to the others, gets them back when it returns, and leaves nothing behind", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const { cluster: made, events } = yield* cluster(["a", "b", "c"], blueprint())
      yield* hosts.powerCut("b")
      yield* Effect.sleep("20 seconds")
      // It may come back: what runs there is its own until the lease has run out.
      assert.deepStrictEqual(told(yield* events, "worker-2"), [])
      yield* Effect.sleep("20 seconds")
      assert.deepStrictEqual(told(yield* events, "worker-2"), ["Moved a", "ProcessStarted a", "ProcessReady a"])
      assert.deepStrictEqual((yield* made.group).runtimes.map(({ host }) => host.alias), ["a", "c"])
      assert.deepStrictEqual(yield* reached(made), [])
      yield* hosts.boot("b")
      yield* Effect.sleep("30 seconds")
      assert.deepStrictEqual(told(yield* events, "worker-2").slice(3), [
        "Moved b",
        "ProcessStarted b",
        "ProcessReady b"
      ])
      assert.include((yield* events).map(({ _tag }) => _tag), "HostReturned")
      assert.isTrue((yield* made.status).healthy)
      assert.deepStrictEqual(yield* reached(made), [])
      assert.lengthOf((yield* hosts.processes("a")).filter(({ argv }) => argv[0] === "server"), 1)
      assert.deepStrictEqual((yield* made.plan).processes.map(({ place }) => place), ["(manager)", "a", "b", "c"])
    }).pipe(on(["a", "b", "c"])))
})

describe("a cluster that closes", () => {
  it.effect("while it heals: nothing is left, whenever it is", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      for (let millis = 0; millis <= 2400; millis += 300) {
        const scope = yield* Scope.make()
        const { cluster: made } = yield* Scope.extend(cluster(["a", "b"], blueprint()), scope)
        yield* hosts.kill("a", "server")
        yield* Effect.sleep(millis)
        assert.lengthOf(yield* states(made), 3)
        yield* Scope.close(scope, Exit.void)
        assert.deepStrictEqual(yield* hosts.leftovers, [], `${millis}`)
      }
    }).pipe(on(["a", "b"].map((alias) => ({ alias, latency: "50 millis" as const })))))
})
