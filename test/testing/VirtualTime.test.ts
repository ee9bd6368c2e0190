import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import { readFile } from "node:fs/promises"
import * as VirtualTime from "../../src/testing/VirtualTime.ts"

describe("time that passes by itself", () => {
  it.effect("wakes sleepers in order of their moments, and those of one moment in order of their coming", () =>
    Effect.gen(function*() {
      const woken = yield* Ref.make<ReadonlyArray<string>>([])
      const sleeper = (name: string, seconds: number) =>
        Effect.sleep(seconds * 1000).pipe(Effect.zipRight(Ref.update(woken, (all) => [...all, name])))
      yield* Effect.all([sleeper("c", 3), sleeper("a1", 1), sleeper("b", 2), sleeper("a2", 1), sleeper("a3", 1)], {
        concurrency: "unbounded"
      })
      assert.deepStrictEqual(yield* Ref.get(woken), ["a1", "a2", "a3", "b", "c"])
      assert.strictEqual(yield* Clock.currentTimeMillis, 3000)
    }).pipe(VirtualTime.run()))

  it.effect("does not pass while something can go on", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.fork(Effect.sleep("1 second"))
      yield* Effect.repeatN(Effect.yieldNow(), 10_000)
      assert.isTrue(Option.isNone(yield* Fiber.poll(fiber)))
      assert.strictEqual(yield* Clock.currentTimeMillis, 0)
      yield* Fiber.join(fiber)
      assert.strictEqual(yield* Clock.currentTimeMillis, 1000)
    }).pipe(VirtualTime.run()))

  it.effect("waits for files of this machine", () =>
    Effect.gen(function*() {
      const read = Effect.promise(() => readFile("package.json", "utf8"))
      const text = yield* read.pipe(Effect.repeatN(20), Effect.timeout("1 second"))
      assert.include(text, "lazycluster")
      assert.strictEqual(yield* Clock.currentTimeMillis, 0)
    }).pipe(VirtualTime.run()))

  it.effect("a sleeper that is interrupted is forgotten; schedules and timeouts follow", () =>
    Effect.gen(function*() {
      yield* Effect.timeoutOption(Effect.sleep("1 hour"), "2 seconds")
      assert.strictEqual(yield* Clock.currentTimeMillis, 2000)
      yield* Effect.repeat(Effect.void, Schedule.spaced("1 second").pipe(Schedule.intersect(Schedule.recurs(3))))
      assert.strictEqual(yield* Clock.currentTimeMillis, 5000)
    }).pipe(VirtualTime.run()))

  it.effect("draws the same under one seed, and other things under another", () =>
    Effect.gen(function*() {
      const draw = Effect.replicateEffect(Random.nextIntBetween(0, 1_000_000), 5)
      const once = yield* VirtualTime.run({ seed: 1 })(draw)
      assert.deepStrictEqual(yield* VirtualTime.run({ seed: 1 })(draw), once)
      assert.notDeepEqual(yield* VirtualTime.run({ seed: 2 })(draw), once)
    }))

  it.effect("a test that can never end dies, and says why", () =>
    Effect.gen(function*() {
      const why = (effect: Effect.Effect<unknown>) =>
        Effect.map(Effect.flip(Effect.sandbox(effect)), (cause) => Cause.pretty(cause).split("\n")[0])
      assert.match(
        (yield* why(VirtualTime.run()(Effect.never))) ?? "",
        /every fiber waits, and none of them for the time/
      )
      assert.match(
        (yield* why(VirtualTime.run({ limit: "1 minute" })(Effect.forever(Effect.sleep("1 second"))))) ?? "",
        /1m have passed, and the test has not ended/
      )
    }))
})
