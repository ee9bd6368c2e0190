/** Hyperopt clusters in memory: where they run, what they survive, whose trials go back into the queue. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Cluster from "../../src/clusters/Cluster.ts"
import type { ClusterEvent } from "../../src/clusters/ClusterEvent.ts"
import * as ClusterPlan from "../../src/clusters/ClusterPlan.ts"
import * as HyperoptCluster from "../../src/clusters/HyperoptCluster.ts"
import { hyperoptPackages, mongodLocked, mongodPackage } from "../../src/clusters/hyperoptPackages.ts"
import * as HyperoptPlan from "../../src/clusters/HyperoptPlan.ts"
import { gone } from "../../src/clusters/hyperoptTrials.ts"
import * as Launcher from "../../src/clusters/Launcher.ts"
import * as RuntimeGroup from "../../src/runtimes/RuntimeGroup.ts"
import type { Ssh } from "../../src/services/Ssh.ts"
import type { Handler } from "../../src/testing/InMemoryHost.ts"
import * as InMemoryHyperopt from "../../src/testing/InMemoryHyperopt.ts"
import * as InMemorySsh from "../../src/testing/InMemorySsh.ts"
import * as VirtualTime from "../../src/testing/VirtualTime.ts"

const manager = "(manager)"

const facts = { cpus: 4, memory: 8e9, gpus: [], python: "3.11.7" }

const place = (alias: string) => ({ alias, facts })

const planOf = (options: HyperoptPlan.Placed = {}, hosts = ["host-1", "host-2"]) =>
  HyperoptPlan.plan(place(manager), hosts.map(place), options)

describe("the plan of a Hyperopt cluster", () => {
  it("has mongod on the manager, workers round robin, one route, and no password", () => {
    const plan = planOf({ workers: 3, expKey: "exp1", dbpath: "/data" })
    assert.deepStrictEqual(ClusterPlan.faults(plan, ["mongo"]), [])
    assert.deepStrictEqual(plan.processes.map(({ id, place }) => `${id} ${place}`), [
      "mongod (manager)",
      "worker-1 host-1",
      "worker-2 host-2",
      "worker-3 host-1"
    ])
    assert.deepStrictEqual(plan.routes, [{ process: "mongod", port: "mongo", places: ["host-1", "host-2"] }])
    assert.deepStrictEqual(plan.environments.map(({ packages, places }) => ({ places, count: packages.length })), [
      { places: [manager], count: hyperoptPackages.length + 1 },
      { places: ["host-1", "host-2"], count: hyperoptPackages.length }
    ])
    const shown = ClusterPlan.render(plan)
    assert.include(shown, "hyperopt-worker.py work --name worker-1@host-1 --port <mongod.mongo> --db hyperopt")
    assert.include(shown, "--poll-interval 0.1 --reserve-timeout 600 --exp-key exp1")
    assert.deepStrictEqual(plan.processes[1]?.env["MONGO_CONNECTION_URL"], HyperoptPlan.urlWord("hyperopt"))
    // Two of its workers share the cores of host-1.
    assert.deepStrictEqual(plan.processes.slice(1).map(({ env }) => env["OMP_NUM_THREADS"]), ["2", "4", "2"])
  })

  it("says its options to the workers; needs no wheel where a mongod is", () => {
    const plan = planOf({
      launcher: Launcher.masterOn("host-1"),
      mongod: "/opt/mongod",
      subprocesses: false,
      workdir: "trials",
      maxConsecutiveFailures: 4,
      threads: 1,
      dbName: "search"
    })
    const shown = ClusterPlan.render(plan)
    assert.include(shown, "--db search")
    assert.include(shown, "--max-consecutive-failures 4 --workdir trials --no-subprocesses")
    assert.deepStrictEqual(plan.routes, [{ process: "mongod", port: "mongo", places: [manager, "host-2"] }])
    assert.deepStrictEqual(plan.environments.flatMap(({ packages }) => packages).includes(mongodPackage), false)
    assert.lengthOf(plan.environments, 1)
  })

  it("takes packages of one's own, with hashes too, or an interpreter that is there", () => {
    const packages = (options: HyperoptPlan.Placed) => planOf(options).environments.map(({ packages }) => packages)
    const [master, workers] = packages({ extraPackages: ["numpy==1.26.4"] })
    assert.deepStrictEqual(workers?.filter((line) => line.startsWith("numpy")), ["numpy==1.26.4"])
    assert.deepStrictEqual(master, [...workers ?? [], mongodPackage])
    const locked = ["hyperopt==0.3.0 --hash=sha256:00"]
    assert.deepStrictEqual(packages({ packages: locked }), [[...locked, mongodLocked], locked])
    assert.deepStrictEqual(planOf({ python: "/opt/python", extraPackages: ["torch==2.13.0"] }).environments, [
      { places: [manager, "host-1", "host-2"], packages: ["torch==2.13.0"], python: "/opt/python" }
    ])
  })
})

describe("workers that are gone", () => {
  const started = (process: string, host: string, pid: number): ClusterEvent => ({
    _tag: "ProcessStarted",
    process,
    host,
    pid
  })

  it("are told once, each process by its own name, whatever tells of it first", () => {
    const known = new Map()
    const told = (event: ClusterEvent) => gone(known, event)
    const exited = {
      _tag: "ProcessExited",
      process: "worker-1",
      host: "a",
      code: 137,
      signal: "KILL",
      log: []
    } as const
    assert.deepStrictEqual(told(started("worker-1", "a", 7)), [])
    assert.deepStrictEqual(told(exited), ["worker-1@a:7"])
    assert.deepStrictEqual(told({ _tag: "Moved", process: "worker-1", from: "a", host: "b" }), [])
    assert.deepStrictEqual(told(started("worker-1", "b", 9)), [])
    assert.deepStrictEqual(told(started("worker-1", "b", 11)), ["worker-1@b:9"])
    assert.deepStrictEqual(told(started("worker-2", "b", 12)), [])
    assert.deepStrictEqual(told(started("mongod", "b", 13)), [])
    assert.deepStrictEqual(told({ _tag: "Link", host: "b", state: "away" }), [])
    assert.deepStrictEqual(told({ _tag: "Link", host: "b", state: "gone" }), ["worker-1@b:11", "worker-2@b:12"])
    assert.deepStrictEqual(told(started("worker-3", "a", 14)), [])
    assert.deepStrictEqual(told({ _tag: "Changed", added: [], removed: ["worker-2", "worker-3"] }), ["worker-3@a:14"])
  })
})

const Asked = Schema.parseJson(Schema.Struct({
  port: Schema.Int,
  db: Schema.String,
  user: Schema.String,
  password: Schema.String,
  owners: Schema.Array(Schema.String)
}))

/** Notes what it is asked; the first time mongod cannot be reached. */
const world = () => {
  const asked: Array<typeof Asked.Type> = []
  let attempts = 0
  const release: Handler = (self) =>
    Effect.gen(function*() {
      const line = Option.getOrElse(yield* self.readLine, () => "")
      attempts += 1
      if (attempts === 1) return yield* Effect.as(self.stderr("AutoReconnect: connection refused\n"), 1)
      asked.push(yield* Effect.orDie(Schema.decode(Asked)(line)))
      return yield* Effect.as(self.stdout("{\"released\": 1, \"failed\": 0}\n"), 0)
    })
  return { asked, commands: { ...InMemoryHyperopt.commands(), "lazycluster-hyperopt-worker": release } }
}

const on =
  (hosts: ReadonlyArray<string>, commands = InMemoryHyperopt.commands()) =>
  <A, E>(test: Effect.Effect<A, E, Ssh | InMemorySsh.InMemorySsh | Scope.Scope>) =>
    test.pipe(InMemorySsh.check(hosts, { commands }), VirtualTime.run())

const make = (hosts: ReadonlyArray<string>, options: HyperoptCluster.Options = {}) =>
  Effect.flatMap(RuntimeGroup.make(hosts), (group) => HyperoptCluster.make(group, options))

const pidOf = ({ cluster }: HyperoptCluster.HyperoptCluster, id: string) =>
  Effect.map(cluster.processes, (all) => all.find(({ plan }) => plan.id === id)?.service.pid ?? 0)

const healthy = ({ cluster }: HyperoptCluster.HyperoptCluster) => Effect.map(cluster.status, (status) => status.healthy)

describe("a Hyperopt cluster", () => {
  it.live("gives addresses without a password, and a home with it for Python's; takes both with it", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh.InMemorySsh
      const files = yield* hosts.files(manager)
      const home = yield* Effect.gen(function*() {
        const hyperopt = yield* make(["host-1", "host-2"])
        assert.deepInclude(hyperopt, {
          port: 27017,
          user: "lazycluster",
          dbName: "hyperopt",
          mongoUrl: "mongo://lazycluster@127.0.0.1:27017/hyperopt",
          mongoTrialUrl: "mongo://lazycluster@127.0.0.1:27017/hyperopt/jobs"
        })
        const { mode, size } = Option.getOrThrow(yield* files.stat(`${hyperopt.home}/.hyperopt`))
        assert.deepStrictEqual({ mode: mode & 0o777, size }, { mode: 0o600, size: 65 })
        assert.deepStrictEqual(yield* hyperopt.cluster.variables(manager), {
          MONGO_CONNECTION_URL: hyperopt.mongoTrialUrl
        })
        return hyperopt.home
      }).pipe(Effect.scoped)
      assert.isTrue(Option.isNone(yield* files.stat(home)))
    }).pipe(Effect.scoped, on(["host-1", "host-2"])))

  it.live("has trials of dead workers queued again, as soon as mongod hears of it", () => {
    const { asked, commands } = world()
    return Effect.gen(function*() {
      const hosts = yield* InMemorySsh.InMemorySsh
      const hyperopt = yield* make(["host-1", "host-2"])
      assert.deepStrictEqual(asked, [])
      const first = yield* pidOf(hyperopt, "worker-1")
      yield* hosts.kill("host-1", "worker-1")
      yield* Effect.sleep("10 seconds")
      assert.deepStrictEqual(asked, [{
        port: hyperopt.port,
        db: "hyperopt",
        user: "lazycluster",
        password: Redacted.value(hyperopt.password),
        owners: [`worker-1@host-1:${first}`]
      }])
      assert.isTrue(yield* healthy(hyperopt))

      const second = yield* pidOf(hyperopt, "worker-2")
      yield* hosts.powerCut("host-2")
      yield* Effect.sleep("2 minutes")
      assert.deepStrictEqual(asked.slice(1).map(({ owners }) => owners), [[`worker-2@host-2:${second}`]])
      // On the other host, until its own returns.
      const places = Effect.map(hyperopt.cluster.processes, (all) => all.map(({ plan }) => plan.place))
      assert.deepStrictEqual(yield* places, [manager, "host-1", "host-1"])
      yield* hosts.boot("host-2")
      yield* Effect.sleep("2 minutes")
      assert.deepStrictEqual(yield* places, [manager, "host-1", "host-2"])
    }).pipe(Effect.scoped, on(["host-1", "host-2"], commands))
  })

  it.live("goes on when mongod was killed; is alone on its directory; sees to trials that were left there", () => {
    const { asked, commands } = world()
    return Effect.gen(function*() {
      const hosts = yield* InMemorySsh.InMemorySsh
      const hyperopt = yield* make(["host-1"], { dbpath: "~/search/mongodb" })
      yield* Effect.sleep("5 seconds")
      assert.deepStrictEqual(asked.map(({ owners }) => owners), [[]])
      yield* hosts.kill(manager, "mongod")
      yield* Effect.sleep("10 seconds")
      assert.isTrue(yield* healthy(hyperopt))
      const second = yield* Effect.flip(make(["host-1"], { dbpath: hyperopt.dbpath }))
      assert.deepInclude(second, { _tag: "MongoError", reason: "AlreadyRunning", host: manager })
      assert.isTrue(yield* healthy(hyperopt))
    }).pipe(Effect.scoped, on(["host-1"], commands))
  })

  it.live("with mongod on a host is reached on the manager; scales", () =>
    Effect.gen(function*() {
      const hyperopt = yield* make(["host-1", "host-2"], { launcher: Launcher.masterOn("host-1"), workers: 3 })
      const mongod = (yield* hyperopt.cluster.plan).processes[0]
      assert.strictEqual(mongod?.place, "host-1")
      const connection = yield* hyperopt.cluster.manager.connection
      yield* Effect.scoped(connection.dial({ port: hyperopt.port }))
      yield* Cluster.scale(hyperopt.cluster, 1)
      assert.deepStrictEqual((yield* hyperopt.cluster.status).processes.map(({ process }) => process), [
        "mongod",
        "worker-1"
      ])
    }).pipe(Effect.scoped, on(["host-1", "host-2"])))

  it.live("says what is wrong with its options before anything starts", () =>
    Effect.gen(function*() {
      const refused = (options: HyperoptCluster.Options) => Effect.flip(Effect.scoped(make(["host-1"], options)))
      assert.deepInclude(yield* refused({ dbName: "no/name" }), { _tag: "ClusterError", reason: "Plan" })
      assert.deepInclude(yield* refused({ pollInterval: 0 }), { _tag: "ClusterError", reason: "Plan" })
      const none = yield* Effect.flip(Effect.scoped(HyperoptCluster.make(RuntimeGroup.fromRuntimes([]))))
      assert.deepInclude(none, { _tag: "ClusterError", reason: "NoHosts", engine: "Hyperopt" })
    }).pipe(on(["host-1"])))

  it.live("brings no mongod where an interpreter was named", () => {
    const { mongod: _, ...bare } = InMemoryHyperopt.commands()
    return Effect.gen(function*() {
      const error = yield* Effect.flip(Effect.scoped(make(["host-1"], { python: "/usr/bin/python3" })))
      assert.deepInclude(error, { _tag: "MongoError", reason: "NotFound", host: manager })
    }).pipe(on(["host-1"], bare))
  })
})
