/** A real mongod: who gets in, what is kept, what comes back, what is left alone. */
import * as Command from "@effect/platform/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as process from "node:process"
import { fileURLToPath } from "node:url"
import type { ClusterEvent } from "../../src/clusters/ClusterEvent.ts"
import { ClusterPlan } from "../../src/clusters/ClusterPlan.ts"
import * as MongoServer from "../../src/clusters/MongoServer.ts"
import * as Lazycluster from "../../src/Lazycluster.ts"
import * as Cleanup from "../../src/runtimes/Cleanup.ts"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import * as Sandbox from "../../src/testing/Sandbox.ts"
import { comesTrue } from "../patience.ts"
import { kill } from "./kill.ts"
import { addressesOf, alive, count, live, pidOf, platform, shownIn, wordsOf } from "./mongoLife.ts"

const unauthorized = -13
const wrongPassword = -18

describe("MongoServer", () => {
  it.scopedLive("lets in who has the password, shows it to nobody, recovers, and takes its directory with it", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const plans = yield* Ref.make<ReadonlyArray<ClusterPlan>>([])
      const { clean, value: dbpath } = yield* live((mongo) =>
        Effect.gen(function*() {
          const password = Redacted.value(mongo.password)
          assert.match(password, /^[0-9a-f]{64}$/)
          assert.strictEqual(yield* count(mongo, { insert: 5 }), 5)
          assert.strictEqual(yield* count(mongo, { password: undefined }), unauthorized)
          assert.strictEqual(yield* count(mongo, { password: "0".repeat(64) }), wrongPassword)

          const first = yield* pidOf(mongo.dbpath)
          assert.deepStrictEqual(yield* addressesOf(mongo.port), ["127.0.0.1"])
          const words = yield* wordsOf(first)
          assert.include(words, "enableLocalhostAuthBypass=false")
          assert.include(words, "--nounixsocket")
          // The key of the one who made the user.
          assert.isFalse(yield* fs.exists(words[words.indexOf("--keyFile") + 1] ?? "/"))

          const [service] = yield* mongo.cluster.processes
          assert.deepStrictEqual(yield* shownIn(password), [])
          assert.notInclude(yield* fs.readFileString(`${mongo.dbpath}/mongod.log`), password)
          assert.notInclude((yield* service?.service.tail ?? Effect.succeed([])).join("\n"), password)
          const plan = yield* Schema.encode(ClusterPlan)(yield* mongo.cluster.plan)
          assert.notInclude(JSON.stringify([plan, String(mongo.password), mongo.url]), password)
          assert.deepStrictEqual(yield* Ref.get(plans), [yield* mongo.cluster.plan])

          const events = yield* Ref.make<ReadonlyArray<ClusterEvent>>([])
          yield* Effect.forkScoped(
            Stream.runForEach(mongo.cluster.events, (event) => Ref.update(events, (all) => [...all, event]))
          )
          yield* kill(first, "SIGKILL")
          yield* comesTrue(Effect.map(Ref.get(events), (all) => all.some(({ _tag }) => _tag === "ProcessReady")))
          const told = (yield* Ref.get(events)).map(({ _tag }) => _tag)
          assert.deepStrictEqual(told.slice(0, 2), ["ProcessExited", "Restarting"])
          // Once more where somebody else has taken a port of its own meanwhile.
          assert.deepStrictEqual([...new Set(told.slice(2))], ["ProcessStarted", "ProcessReady"])
          const pid = yield* pidOf(mongo.dbpath)
          assert.notStrictEqual(pid, first)
          assert.strictEqual(yield* count(mongo), 5)

          const second = yield* Effect.flip(Effect.scoped(MongoServer.make({ dbpath: mongo.dbpath })))
          assert.deepInclude(second, { _tag: "MongoError", reason: "AlreadyRunning", host: "(manager)", pid })
          assert.include(second.message, `kill ${pid}`)
          assert.strictEqual(yield* count(mongo), 5)
          return mongo.dbpath
        }), {
        // Nobody else's first choice, who may come while it is being started again.
        port: 27117,
        onPlan: (plan) => Ref.update(plans, (all) => [...all, plan])
      })
      // Of the second one, too, which did not come up.
      assert.deepStrictEqual(clean, [true, true])
      assert.isFalse(yield* fs.exists(dbpath))
    }).pipe(Effect.provide([platform, Lazycluster.layer])))

  it.scopedLive("keeps a directory for the next one, also when its manager is killed; leaves it to a stranger's mongod", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const dbpath = `${yield* fs.makeTempDirectoryScoped()}/not there yet/data`
      const sandbox = yield* Sandbox.make({ hosts: 1 })
      const { exit, reports } = yield* Cleanup.collect(
        Effect.gen(function*() {
          // Of this machine's programs and files, reached over SSH.
          const runtime = yield* Runtime.make(sandbox.hosts[0]?.alias ?? "")
          const mongo = yield* MongoServer.make({ dbpath, runtime })
          yield* count(mongo, { insert: 7 })
          const [mongod = ""] = yield* wordsOf(yield* pidOf(mongo.dbpath))
          return { mongod, password: Redacted.value(mongo.password) }
        })
      ).pipe(Effect.provide(Lazycluster.layerOf({ sshConfig: { file: sandbox.configFile } })))
      const first = yield* exit
      assert.deepStrictEqual(reports.map(({ clean }) => clean), [true, true])
      assert.strictEqual((yield* fs.stat(dbpath)).mode & 0o777, 0o700)

      const victim = fileURLToPath(new URL("mongoVictim.ts", import.meta.url))
      const manager = yield* Command.start(
        Command.make(process.execPath, "--import", "tsx", victim, dbpath).pipe(Command.stderr("inherit"))
      )
      yield* manager.stdout.pipe(
        Stream.decodeText(),
        Stream.splitLines,
        Stream.takeUntil((line) => line === "up"),
        Stream.runDrain
      )
      const orphan = yield* pidOf(dbpath)
      assert.isTrue(yield* alive(orphan))
      yield* kill(manager.pid, "SIGKILL")
      yield* comesTrue(Effect.map(alive(orphan), (is) => !is))

      // As after a power cut: the number is that of a process that lives, and has nothing to do with it.
      yield* fs.writeFileString(`${dbpath}/mongod.lock`, `${process.pid}\n`)
      const again = yield* live(
        (mongo) => Effect.all([count(mongo, { password: first.password }), count(mongo)]),
        { dbpath }
      )
      assert.deepStrictEqual(again.value, [wrongPassword, 7])
      assert.deepStrictEqual(again.clean, [true])

      yield* Command.start(
        Command.make(first.mongod, "--dbpath", dbpath, "--port", "27999", "--bind_ip", "127.0.0.1")
      )
      yield* comesTrue(Effect.orElseSucceed(Effect.map(pidOf(dbpath), (pid) => pid > 0), () => false))
      const stranger = yield* pidOf(dbpath)
      const error = yield* Effect.flip(live(() => Effect.void, { dbpath }))
      assert.deepInclude(error, { reason: "AlreadyRunning", pid: stranger })
      assert.isTrue(yield* alive(stranger))
    }).pipe(Effect.provide(platform)))
})
