/** A real mongod: who gets in, what is kept, what comes back, what is left alone. */
import * as Command from "@effect/platform/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as process from "node:process"
import { fileURLToPath } from "node:url"
import type { ClusterEvent } from "../../src/clusters/ClusterEvent.ts"
import { ClusterPlan } from "../../src/clusters/ClusterPlan.ts"
import * as MongoServer from "../../src/clusters/MongoServer.ts"
import * as Lazycluster from "../../src/Lazycluster.ts"
import { count, live, pidOf, platform, shownIn } from "./mongoLife.ts"

const unauthorized = -13
const wrongPassword = -18

const alive = (pid: number) => Effect.flatMap(FileSystem.FileSystem, (fs) => fs.exists(`/proc/${pid}`))

const kill = (pid: number, signal: NodeJS.Signals) => Effect.sync(() => process.kill(pid, signal))

const until = <E, R>(true_: Effect.Effect<boolean, E, R>) =>
  true_.pipe(
    Effect.filterOrFail((is) => is, () => new Error("not yet")),
    Effect.retry(Schedule.spaced("50 millis").pipe(Schedule.upTo("60 seconds")))
  )

describe("MongoServer", () => {
  it.scopedLive("lets in who has the password, shows it to nobody, recovers when killed, and takes its directory with it", () =>
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
          const first = yield* pidOf(mongo.dbpath)
          yield* kill(first, "SIGKILL")
          yield* until(Effect.map(Ref.get(events), (all) => all.some(({ _tag }) => _tag === "ProcessReady")))
          assert.deepStrictEqual(
            (yield* Ref.get(events)).map(({ _tag }) => _tag),
            ["ProcessExited", "Restarting", "ProcessStarted", "ProcessReady"]
          )
          assert.notStrictEqual(yield* pidOf(mongo.dbpath), first)
          assert.strictEqual(yield* count(mongo), 5)

          const second = yield* Effect.flip(Effect.scoped(MongoServer.make({ dbpath: mongo.dbpath })))
          assert.deepInclude(second, { _tag: "MongoError", reason: "AlreadyRunning", pid: yield* pidOf(mongo.dbpath) })
          assert.include(second.message, `kill ${yield* pidOf(mongo.dbpath)}`)
          assert.strictEqual(yield* count(mongo), 5)
          return mongo.dbpath
        }), { onPlan: (plan) => Ref.update(plans, (all) => [...all, plan]) })
      // Of the second one, too, which did not come up.
      assert.deepStrictEqual(clean, [true, true])
      assert.isFalse(yield* fs.exists(dbpath))
    }).pipe(Effect.provide([platform, Lazycluster.layer])))

  it.scopedLive("goes on with a directory that is kept, under a new password; leaves it to a mongod that is there already", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const dbpath = `${yield* fs.makeTempDirectoryScoped()}/not there yet/data`
      const one = yield* live((mongo) => Effect.as(count(mongo, { insert: 7 }), Redacted.value(mongo.password)), {
        dbpath
      })
      assert.strictEqual((yield* fs.stat(dbpath)).mode & 0o777, 0o700)
      const two = yield* live((mongo) =>
        Effect.gen(function*() {
          const python = Option.getOrThrow(yield* mongo.cluster.environment("(manager)")).python
          return { before: yield* count(mongo, { password: one.value }), now: yield* count(mongo), python }
        }), { dbpath })
      assert.deepInclude(two.value, { before: wrongPassword, now: 7 })
      assert.deepStrictEqual([one.clean, two.clean], [[true], [true]])

      const binary = two.value.python.replace(/bin\/python$/, "lib")
      const [found = ""] = (yield* fs.readDirectory(binary, { recursive: true })).filter((file) =>
        file.endsWith("fiftyone/db/bin/mongod")
      )
      yield* Command.start(
        Command.make(`${binary}/${found}`, "--dbpath", dbpath, "--port", "27999", "--bind_ip", "127.0.0.1")
      )
      yield* until(Effect.orElseSucceed(Effect.map(pidOf(dbpath), (pid) => pid > 0), () => false))
      const stranger = yield* pidOf(dbpath)
      const error = yield* Effect.flip(live(() => Effect.void, { dbpath }))
      assert.deepInclude(error, { reason: "AlreadyRunning", pid: stranger, host: "(manager)" })
      assert.isTrue(yield* alive(stranger))
    }).pipe(Effect.provide(platform)))

  it.scopedLive("whose manager is killed is ended by its guardian, and its directory is used again", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const dbpath = yield* fs.makeTempDirectoryScoped()
      yield* live((mongo) => count(mongo, { insert: 3 }), { dbpath })
      const manager = yield* Command.start(
        Command.make(
          process.execPath,
          "--import",
          "tsx",
          fileURLToPath(new URL("mongoVictim.ts", import.meta.url)),
          dbpath
        ).pipe(Command.stderr("inherit"))
      )
      yield* manager.stdout.pipe(
        Stream.decodeText(),
        Stream.splitLines,
        Stream.takeUntil((line) => line === "up"),
        Stream.runDrain
      )
      const mongod = yield* pidOf(dbpath)
      assert.isTrue(yield* alive(mongod))
      yield* kill(manager.pid, "SIGKILL")
      yield* until(Effect.map(alive(mongod), (is) => !is))
      const { clean, value } = yield* live((mongo) => count(mongo), { dbpath })
      assert.strictEqual(value, 3)
      assert.deepStrictEqual(clean, [true])
    }).pipe(Effect.provide(platform)))

  it.scopedLive("says what is wrong with a directory, and with a mongod that is not there", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* fs.makeTempDirectoryScoped()
      const refused = (options: MongoServer.Options) => Effect.flip(live(() => Effect.void, options))
      yield* fs.writeFileString(`${folder}/file`, "")
      assert.deepInclude(yield* refused({ dbpath: `${folder}/file` }), { _tag: "MongoError", reason: "Directory" })

      const dbpath = `${folder}/data`
      yield* live(() => Effect.void, { dbpath })
      yield* fs.writeFileString(`${dbpath}/WiredTiger.turtle`, "no such thing\n")
      assert.deepInclude(yield* refused({ dbpath }), { _tag: "MongoError", reason: "Data" })

      const missing = yield* refused({ mongod: `${folder}/mongod` })
      assert.deepInclude(missing, { _tag: "MongoError", reason: "NotFound", host: "(manager)" })
      yield* fs.writeFileString(
        `${folder}/mongod`,
        "#!/bin/sh\necho error while loading shared libraries: libx.so >&2\nexit 127\n"
      )
      yield* fs.chmod(`${folder}/mongod`, 0o755)
      const unusable = yield* refused({ mongod: `${folder}/mongod` })
      assert.deepInclude(unusable, { _tag: "MongoError", reason: "Unusable" })
      assert.include(unusable.message, "libx.so")
    }).pipe(Effect.provide(platform)))
})
