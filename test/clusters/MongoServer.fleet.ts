/** MongoDB on a host behind port 22, whose power is cut: what was written is there when it is back. */
import { assert, describe, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as MongoServer from "../../src/clusters/MongoServer.ts"
import * as Lazycluster from "../../src/Lazycluster.ts"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import * as Fleet from "../fleet/Fleet.ts"
import { count, environment, platform } from "./mongoLife.ts"

describe.skipIf(!Fleet.available)("MongoServer on the fleet", () => {
  layer(Fleet.layer({ hosts: 1 }), { excludeTestServices: true, timeout: "1 minute" })("one host", (it) => {
    it.scoped("is reached on the manager; its directory outlives a power cut", () =>
      Effect.gen(function*() {
        const fleet = yield* Fleet.Fleet
        yield* fleet.sshOnly(true)
        const { python } = yield* environment
        const life = Effect.gen(function*() {
          const runtime = yield* Runtime.make(fleet.hosts[0] ?? "", { lease: "5 seconds" })
          return yield* MongoServer.make({ runtime, dbpath: "~/data" })
        })
        const ssh = Lazycluster.layerOf({ sshConfig: { file: fleet.configFile } })
        yield* Effect.gen(function*() {
          const before = yield* life
          assert.strictEqual(yield* count(before, { python, insert: 7 }), 7)
          yield* fleet.kill(1)
          yield* fleet.boot(1)
          // Another manager's: the first has not noticed yet.
          const after = yield* life.pipe(
            Effect.flatMap((mongo) => count(mongo, { python })),
            Effect.scoped,
            Effect.provide(ssh)
          )
          assert.strictEqual(after, 7)
        }).pipe(Effect.scoped, Effect.provide(ssh))
      }).pipe(Effect.provide(platform)))
  })
})
