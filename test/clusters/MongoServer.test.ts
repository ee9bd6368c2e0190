/** MongoDB servers in memory: where they run, what they survive, what they say when they do not come up. */
import { assert, describe, it } from "@effect/vitest"
import { assertSome } from "@effect/vitest/utils"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import { ClusterError } from "../../src/clusters/ClusterError.ts"
import * as ClusterPlan from "../../src/clusters/ClusterPlan.ts"
import { mongodPackage } from "../../src/clusters/hyperoptPackages.ts"
import * as MongoPlan from "../../src/clusters/MongoPlan.ts"
import * as mongoReport from "../../src/clusters/mongoReport.ts"
import * as MongoServer from "../../src/clusters/MongoServer.ts"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import type { Ssh } from "../../src/services/Ssh.ts"
import type { HostOptions } from "../../src/testing/InMemoryHost.ts"
import * as InMemoryMongo from "../../src/testing/InMemoryMongo.ts"
import * as InMemorySsh from "../../src/testing/InMemorySsh.ts"
import * as VirtualTime from "../../src/testing/VirtualTime.ts"

const all = InMemoryMongo.commands()

const on =
  (hosts: ReadonlyArray<string | HostOptions>, commands = all, manager?: Omit<HostOptions, "alias">) =>
  <A, E>(test: Effect.Effect<A, E, Ssh | InMemorySsh.InMemorySsh | Scope.Scope>) =>
    test.pipe(InMemorySsh.check(hosts, { commands, manager }), VirtualTime.run())

/** Without a mongod of its own. */
const { "python mongod.py": launcher = () => Effect.succeed(127) } = all

const reached = (mongo: MongoServer.MongoServer) =>
  Effect.gen(function*() {
    const connection = yield* mongo.cluster.manager.connection
    return yield* Effect.exit(Effect.scoped(connection.dial({ port: mongo.port })))
  })

const manager = "(manager)"

describe("the plan of a MongoDB server", () => {
  const plan = MongoPlan.plan({ manager, place: "host-1" }, ["pymongo==3.13.0"], {
    dbpath: "/data",
    mongod: "/opt/mongod",
    cache: 1
  })

  it("refers to what it needs, and shows no password", () => {
    assert.deepStrictEqual(ClusterPlan.faults(plan, [MongoPlan.passwordSecret]), [])
    const shown = ClusterPlan.render(plan)
    assert.include(shown, "mongod.py --dbpath /data --port <mongod.mongo> --health <mongod.health> --database hyperopt")
    assert.include(shown, "--cache 1 --mongod /opt/mongod")
    assert.include(shown, "port mongo: 27017, then 60001-60199, reached from (manager)")
    assert.include(shown, "restart: onFailure")
  })

  it("needs no route on the manager itself", () => {
    assert.deepStrictEqual(MongoPlan.plan({ manager, place: manager }, [], { dbpath: "/data" }).routes, [])
  })
})

describe("what mongod ended with", () => {
  const exited = (log: ReadonlyArray<string>) =>
    new ClusterError({ reason: "Exited", engine: "MongoDB", host: "host-1", step: "mongod", detail: "code 100", log })

  it("is the error, with the lines before it", () => {
    const error = mongoReport.explained(exited([
      "E DBException in initAndListen",
      "lazycluster-mongod {\"reason\":\"AlreadyRunning\",\"detail\":\"the mongod with pid 17 is using /data\",\"pid\":17}"
    ]))
    assert.strictEqual(
      error.message,
      [
        "MongoDB on host-1: mongod, AlreadyRunning: the mongod with pid 17 is using /data",
        "  | E DBException in initAndListen",
        "hint: it was left as it is: give another `dbpath`, or end it on host-1: kill 17"
      ].join("\n")
    )
  })

  it("stays the cluster's error where the launcher did not say it", () => {
    for (
      const line of [
        "Traceback",
        "lazycluster-mongod {\"reason\":\"Sunspots\",\"detail\":\"\",\"pid\":null}",
        "lazycluster-mongod {"
      ]
    ) {
      const error = exited([line])
      assert.strictEqual(mongoReport.explained(error), error)
    }
  })
})

describe("a MongoDB server", () => {
  it.live("answers on the manager, comes back when killed, and goes with its scope", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh.InMemorySsh
      const files = yield* hosts.files(manager)
      const scope = yield* Scope.make()
      const mongo = yield* Scope.extend(MongoServer.make(), scope)
      assert.deepInclude(mongo, {
        port: 27017,
        user: "lazycluster",
        database: "hyperopt",
        url: "mongodb://lazycluster@127.0.0.1:27017/hyperopt"
      })
      assert.match(Redacted.value(mongo.password), /^[0-9a-f]{64}$/)
      assert.isTrue(Option.isSome(yield* files.stat(`${mongo.dbpath}/mongod.lock`)))
      yield* hosts.kill(manager, "mongod")
      yield* Effect.sleep("10 seconds")
      assert.isTrue(Exit.isSuccess(yield* reached(mongo)))
      const { processes: [status] } = yield* mongo.cluster.status
      assert.deepInclude(status, { state: "ready", restarts: 1 })

      const second = yield* Effect.flip(MongoServer.make({ dbpath: mongo.dbpath }))
      assert.deepInclude(second, { _tag: "MongoError", reason: "AlreadyRunning", host: manager, pid: status?.pid })
      assert.isTrue(Exit.isSuccess(yield* reached(mongo)))

      yield* Scope.close(scope, Exit.void)
      assert.isTrue(Option.isNone(yield* files.stat(mongo.dbpath)))
    }).pipe(Effect.scoped, on([])))

  it.live("comes back also where another program has taken the port that only its supervisor asks", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh.InMemorySsh
      const { cluster, port } = yield* MongoServer.make()
      const numbers = Effect.map(
        Effect.all([cluster.port("mongod", "mongo"), cluster.port("mongod", "health")]),
        Option.all
      )
      assertSome(yield* numbers, [27017, 60001])
      // Twice: what it has got instead is as good as the first.
      for (const health of [60002, 60003]) {
        yield* hosts.kill(manager, "mongod")
        yield* hosts.takePort(manager, health - 1)
        yield* Effect.sleep("30 seconds")
        assertSome(yield* numbers, [27017, health])
        assert.deepInclude((yield* cluster.status).processes[0], { state: "ready", restarts: health - 60001 })
      }
      assert.strictEqual(port, 27017)
      const ready = (yield* cluster.processes).map(({ ports }) => ports)
      assert.deepStrictEqual(ready, [{ mongo: 27017, health: 60003 }])
    }).pipe(Effect.scoped, on([])))

  it.live("is lost where another program has taken the port that is known", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh.InMemorySsh
      const mongo = yield* MongoServer.make({ restart: Schedule.recurs(2) })
      yield* hosts.kill(manager, "mongod")
      yield* hosts.takePort(manager, mongo.port)
      const lost = yield* Effect.flip(mongo.lost)
      assert.deepInclude(lost, { _tag: "ClusterError", reason: "Lost", step: "mongod" })
      assert.include(lost.message, "another program has taken its port 27017")
      assertSome(yield* mongo.cluster.port("mongod", "mongo"), 27017)
    }).pipe(Effect.scoped, on([])))

  it.live("on a host is reached on the manager under one number, and keeps a directory that it was given", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh.InMemorySsh
      yield* hosts.takePort("host-1", 27017)
      yield* hosts.takePort(manager, 60001)
      const runtime = yield* Runtime.make("host-1")
      const dbpath = yield* Effect.gen(function*() {
        const mongo = yield* MongoServer.make({ runtime, dbpath: "~/search/mongodb", database: "search" })
        assert.strictEqual(mongo.port, 60002)
        assert.isTrue(Exit.isSuccess(yield* reached(mongo)))
        return mongo.dbpath
      }).pipe(Effect.scoped)
      assert.strictEqual(dbpath, `${runtime.facts.home}/search/mongodb`)
      const files = yield* hosts.files("host-1")
      assert.isTrue(Option.isSome(yield* files.stat(dbpath)))
    }).pipe(Effect.scoped, on(["host-1"])))

  it.live("that does not come back is lost, and says why", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh.InMemorySsh
      const mongo = yield* MongoServer.make({ restart: Schedule.recurs(1) })
      yield* hosts.kill(manager, "mongod")
      yield* Effect.sleep("10 seconds")
      yield* hosts.kill(manager, "mongod")
      const lost = yield* Effect.flip(mongo.lost)
      assert.deepInclude(lost, { _tag: "ClusterError", reason: "Lost", step: "mongod" })
    }).pipe(Effect.scoped, on([])))

  it.live("brings a mongod where there is none and one is to be had; else says what to do", () =>
    Effect.gen(function*() {
      const packagesOf = Effect.fnUntraced(function*(runtime: Runtime.Runtime) {
        const { cluster } = yield* MongoServer.make({ runtime })
        return (yield* cluster.plan).environments.flatMap(({ packages }) => packages)
      }, Effect.scoped)
      assert.deepStrictEqual(yield* packagesOf(yield* Runtime.make("bare")), ["pymongo==3.13.0", mongodPackage])
      for (const host of ["arm", "musl", "old"]) {
        const error = yield* Effect.flip(packagesOf(yield* Runtime.make(host)))
        assert.deepInclude(error, { _tag: "MongoError", reason: "NotFound", host })
        assert.include(error.message, "install MongoDB's server on " + host)
      }
      const runtime = yield* Runtime.make("own")
      assert.deepStrictEqual(yield* packagesOf(runtime), ["pymongo==3.13.0"])
      const error = yield* Effect.flip(Effect.scoped(MongoServer.make({ runtime, mongod: "~/bin/mongod-7" })))
      assert.deepInclude(error, {
        reason: "NotFound",
        detail: `${runtime.facts.home}/bin/mongod-7 is no program there`
      })
    }).pipe(
      Effect.scoped,
      on([
        "bare",
        { alias: "arm", facts: { machine: "aarch64" } },
        { alias: "musl", facts: { libc: "musl 1.2.4" } },
        { alias: "old", facts: { libc: "glibc 2.31" } },
        { alias: "own", commands: all }
      ], { "python mongod.py": launcher })
    ))
})
