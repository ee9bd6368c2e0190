import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import type { Blueprint } from "../../src/clusters/Blueprint.ts"
import * as Cluster from "../../src/clusters/Cluster.ts"
import * as ClusterPlan from "../../src/clusters/ClusterPlan.ts"
import * as Launcher from "../../src/clusters/Launcher.ts"
import * as Routes from "../../src/clusters/Routes.ts"
import { Reachability } from "../../src/runtimes/Reachability.ts"
import * as InMemoryFaults from "../../src/testing/InMemoryFaults.ts"
import type { Handler } from "../../src/testing/InMemoryHost.ts"
import * as InMemorySsh from "../../src/testing/InMemorySsh.ts"
import * as patience from "../patience.ts"
import { cluster, on, states } from "./supervised.ts"

const peer = (id: string, role: "master" | "worker", place: string): ClusterPlan.ProcessPlan => ({
  id,
  role,
  place,
  argv: ["server", ClusterPlan.hostWord(id, "comm"), ClusterPlan.portWord("", id, "comm")],
  env: { MASTER: ClusterPlan.addressWord("tcp://", "master", "comm") },
  ports: [{ name: "comm", from: 9001, to: 9099 }],
  ready: { _tag: "Http", port: "comm", path: "/" },
  deadline: 30
})

const planOf = (
  processes: ReadonlyArray<ClusterPlan.ProcessPlan>,
  asked: ClusterPlan.Routing["asked"],
  encrypted = false
) => {
  const places = [...new Set(["(manager)", ...processes.map(({ place }) => place)])]
  return ClusterPlan.ClusterPlan.make({
    engine: "Peers",
    processes,
    routes: processes.map(({ id, place }) => ({
      process: id,
      port: "comm",
      places: places.filter((other) => other !== place)
    })),
    environments: [],
    equal: [],
    routing: { asked, encrypted },
    variables: { MASTER: ClusterPlan.addressWord("tcp://", "master", "comm") }
  })
}

const three = [peer("master", "master", "a"), peer("w1", "worker", "b"), peer("w2", "worker", "c")]

/** Everybody but the manager reaches everybody at the name, unless left out. */
const table = (...without: ReadonlyArray<readonly [from: string, to: string]>) =>
  Reachability.make({
    hosts: ["a", "b", "c"].map((host) => ({
      host,
      addresses: [{
        address: host,
        from: ["a", "b", "c"].filter((from) => from !== host && !without.some(([f, to]) => f === from && to === host))
      }]
    }))
  })

const chosen = (result: Either.Either<ClusterPlan.ClusterPlan, string>) =>
  Either.map(result, ({ routes, routing }) => ({
    chosen: routing?.chosen,
    reason: routing?.reason,
    routes: routes.map(({ address, places, process }) => `${process}: ${places.join(" ")} ${address ?? "by tunnel"}`)
  }))

const kind = Either.match({
  onLeft: (why: string) => `refused: ${why}`,
  onRight: ({ routing }: ClusterPlan.ClusterPlan) => routing?.chosen ?? "open"
})

const direct = ["master: b c a", "master: (manager) by tunnel", "w1: a c b", "w1: (manager) by tunnel", "w2: a b c"]
const tunnels = ["master: (manager) b c by tunnel", "w1: (manager) a c by tunnel", "w2: (manager) a b by tunnel"]

describe("the routes of a plan", () => {
  it("are direct where that was asked for and all that must do reach a process; a manager comes by tunnel", () => {
    const plan = Either.getOrThrow(Routes.choose(planOf(three, "direct"), table()))
    assert.deepStrictEqual(
      chosen(Either.right(plan)),
      Either.right({
        chosen: "direct",
        reason: "that was asked for, and all hosts that must reach one another do",
        routes: [...direct, "w2: (manager) by tunnel"]
      })
    )
    assert.deepStrictEqual(ClusterPlan.faults(plan), [])
    assert.include(ClusterPlan.render(plan), "routes: direct, since that was asked for, and all hosts")
    assert.include(ClusterPlan.render(plan), "reached from b, c at a, (manager)")
    const text = Schema.encodeSync(ClusterPlan.ClusterPlan)(plan)
    assert.deepStrictEqual(Schema.decodeSync(ClusterPlan.ClusterPlan)(text).routes, plan.routes)
  })

  it("are tunnels by themselves where nothing is encrypted, and nobody need try anything for that", () => {
    const plan = Routes.chosen(planOf(three, "auto"))
    assert.deepStrictEqual(
      chosen(Either.right(plan)),
      Either.right({
        chosen: "tunnel",
        reason: "what Peers sends is not encrypted, and `routes: \"direct\"` was not asked for",
        routes: tunnels
      })
    )
  })

  it("`auto` of what is encrypted takes direct only if all do, and says who does not", () => {
    const plan = planOf(three, "auto", true)
    assert.deepStrictEqual(Routes.asks(plan).toSorted(), ["(manager)", "a", "b", "c"])
    assert.strictEqual(kind(Routes.choose(plan, table())), "direct")
    assert.deepStrictEqual(
      chosen(Routes.choose(plan, table(["b", "c"]))),
      Either.right({ chosen: "tunnel", reason: "b does not reach c at c", routes: tunnels })
    )
  })

  it("`direct` fails where they do not", () => {
    assert.deepStrictEqual(
      chosen(Routes.choose(planOf(three, "direct"), table(["b", "c"]))),
      Either.left("b does not reach c at c")
    )
  })

  it("what nobody else must reach stays on loopback", () => {
    const alone = planOf([peer("master", "master", "a"), peer("w1", "worker", "a")], "direct")
    assert.deepStrictEqual(Routes.asks(alone), [])
    assert.deepStrictEqual(
      chosen(Either.right(Routes.chosen(alone))),
      Either.right({
        chosen: "direct",
        reason: "no process must be reached from another machine",
        routes: ["master: (manager) by tunnel", "w1: (manager) by tunnel"]
      })
    )
  })

  it("of what runs stay: who is new must reach it where it is", () => {
    const before = Either.getOrThrow(Routes.choose(planOf(three.slice(0, 2), "direct"), table()))
    const more = planOf(three, "direct")
    assert.strictEqual(kind(Routes.choose(more, table(), before)), "direct")
    // That a and b reach one another is known, and nobody asks again.
    assert.deepStrictEqual(Routes.asks(before, before), [])
    assert.deepStrictEqual(Routes.asks(more, before).toSorted(), ["(manager)", "a", "b", "c"])
    const unknown = table(["a", "b"], ["b", "a"])
    assert.isTrue(Either.isRight(Routes.choose(more, unknown, before)))
    assert.strictEqual(
      kind(Routes.choose(more, table(["c", "b"]), before)),
      "refused: c does not reach w1.comm on b at b"
    )
    const tunnelled = Either.getOrThrow(Routes.choose(planOf(three.slice(0, 2), "tunnel"), table()))
    assert.deepStrictEqual(Routes.asks(more, tunnelled), [])
    assert.strictEqual(kind(Routes.choose(more, table(), tunnelled)), "tunnel")
  })
})

/** Listens where it is told, and tells the address of its master as it knows it. */
const server: Handler = ({ argv, env, serveHttp }) =>
  Effect.matchEffect(
    serveHttp({ address: argv[1], port: Number(argv[2]) }, () => Effect.succeed({ body: env["MASTER"] ?? "" })),
    { onFailure: () => Effect.succeed(98), onSuccess: () => Effect.never }
  )

const peers = (asked: ClusterPlan.Routing["asked"]): Blueprint => ({
  launcher: Launcher.masterOn("a"),
  plan: ({ master, workers }) =>
    planOf([
      peer("master", "master", master),
      ...workers.filter(({ seat }) => seat.place !== master).map(({ id, seat }) => peer(id, "worker", seat.place))
    ], asked)
})

const told = (running: Cluster.Cluster) =>
  Effect.map(running.plan, ({ routes, routing }) => ({
    chosen: routing?.chosen,
    tunnels: routes.flatMap(({ address, process }) => address === undefined ? [process] : [])
  }))

describe("a cluster with direct routes", () => {
  it.effect("listens where others reach it, and has no tunnel", () =>
    Effect.gen(function*() {
      const { cluster: running } = yield* cluster(["a", "b", "c"], peers("direct"), {})
      assert.deepStrictEqual(yield* told(running), { chosen: "direct", tunnels: [] })
      const [master] = yield* running.processes
      const number = master?.ports["comm"] ?? 0
      assert.deepStrictEqual(yield* running.variables("b"), { MASTER: `tcp://a:${number}` })
      assert.deepStrictEqual(yield* running.variables("(manager)"), { MASTER: `tcp://a:${number}` })
      const { connection } = running.manager
      const dial = (address: string) =>
        Effect.exit(Effect.scoped(Effect.flatMap(connection, (open) => open.dial({ address, port: number }))))
      assert.deepStrictEqual((yield* Effect.forEach(["a", "127.0.0.1"], dial)).map(Exit.isSuccess), [true, false])
    }).pipe(Effect.scoped, on(["a", "b", "c"], { server })))

  it.effect("fails where a firewall is between two of them, and says between whom; nothing is started", () =>
    Effect.gen(function*() {
      yield* InMemoryFaults.inject({ _tag: "Partition", host: "b", from: "c" })
      const error = yield* Effect.flip(Effect.scoped(cluster(["a", "b", "c"], peers("direct"), {})))
      assert.strictEqual(error._tag === "ClusterError" ? error.reason : error._tag, "Unreachable")
      assert.include(error.message, "c does not reach b at b")
    }).pipe(Effect.scoped, on(["a", "b", "c"], { server })))

  it.effect("a host that cannot be reached is not taken in, and the cluster is as it was", () =>
    Effect.gen(function*() {
      const { cluster: running } = yield* cluster(["a", "b"], peers("direct"), {})
      const before = yield* states(running)
      yield* InMemoryFaults.inject({ _tag: "Partition", host: "b", from: "c" })
      const error = yield* Effect.flip(Cluster.addRuntime(running, "c"))
      assert.include(error.message, "c does not reach worker-")
      assert.deepStrictEqual(yield* states(running), before)
    }).pipe(Effect.scoped, on(["a", "b", "c"], { server })))

  it.effect("heals: a worker whose host is lost goes to another one, directly, and home again", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh.InMemorySsh
      const made = { ...peers("direct"), launcher: Launcher.masterOn("a", Launcher.on(["b", "c"])) }
      const { cluster: running } = yield* cluster(["a", "b", "c"], made, {})
      const places = Effect.map(running.processes, (all) => all.map(({ plan }) => `${plan.id} on ${plan.place}`))
      const until = (expected: ReadonlyArray<string>) =>
        Effect.map(
          patience.until(places, (now) => now.join() === expected.join(), 180, 1000),
          (now) => assert.deepStrictEqual(now, expected)
        )
      const home = ["master on a", "worker-1 on b", "worker-2 on c"]
      yield* until(home)
      yield* hosts.powerCut("c")
      yield* until(["master on a", "worker-1 on b", "worker-2 on b"])
      assert.deepStrictEqual(yield* told(running), { chosen: "direct", tunnels: [] })
      yield* hosts.boot("c")
      yield* until(home)
      assert.deepStrictEqual(yield* told(running), { chosen: "direct", tunnels: [] })
    }).pipe(Effect.scoped, on(["a", "b", "c"], { server })))
})
