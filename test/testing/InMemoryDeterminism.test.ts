/** One seed, one record: `LAZYCLUSTER_RUNS=1000` runs the whole (`npm run simulate`), a sample here. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { scriptOf, simulate } from "./faultyProgram.ts"

const runs = Number(process.env["LAZYCLUSTER_RUNS"] ?? 10)

describe("one seed", () => {
  it.live(`gives one and the same record, ${runs} times`, () =>
    Effect.gen(function*() {
      const started = yield* Clock.currentTimeMillis
      const seed = 42
      const first = yield* simulate(seed, scriptOf(seed))
      assert.isAbove(first.record.length, 100)
      const expected = JSON.stringify(first)
      for (let run = 1; run < runs; run++) {
        const again = yield* simulate(seed, scriptOf(seed))
        // The whole difference only where there is one: to compare texts is faster.
        if (JSON.stringify(again) !== expected) assert.deepStrictEqual(again, first)
      }
      console.log(`${runs} runs of ${first.record.length} entries in ${(yield* Clock.currentTimeMillis) - started} ms`)
    }), 3_600_000)

  it.live("another seed gives another record", () =>
    Effect.gen(function*() {
      const [one, two] = [yield* simulate(1, scriptOf(42)), yield* simulate(2, scriptOf(42))]
      assert.notStrictEqual(JSON.stringify(one.record), JSON.stringify(two.record))
    }))
})
