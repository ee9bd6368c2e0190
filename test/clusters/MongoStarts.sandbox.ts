/** Starts and stops of a MongoDB server, LAZYCLUSTER_STARTS of them: each clean. */
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as process from "node:process"
import { alive, live, pidOf, platform } from "./mongoLife.ts"

const starts = Number(process.env["LAZYCLUSTER_STARTS"] ?? 3)

describe("a MongoDB server", () => {
  it.live(`starts and stops ${starts} times, and nothing stays`, () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const once = Effect.gen(function*() {
        const { clean, value: { dbpath, pid } } = yield* live((mongo) =>
          Effect.map(pidOf(mongo.dbpath), (pid) => ({ dbpath: mongo.dbpath, pid }))
        )
        // Its port may be somebody else's by now.
        const left = [yield* fs.exists(dbpath), yield* alive(pid)]
        return clean.every((is) => is) && !left.includes(true)
      })
      const each = yield* Effect.forEach(Array.from({ length: starts }), () => once)
      assert.strictEqual(each.filter((isClean) => isClean).length, starts)
    }).pipe(Effect.provide(platform)), 600_000 + starts * 30_000)
})
