/** Hosts that die and come back at random while a queue runs: every item has one result, in order. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as process from "node:process"
import * as RuntimeGroup from "../../src/runtimes/RuntimeGroup.ts"
import { InMemorySsh } from "../../src/testing/InMemorySsh.ts"
import { dies, work, working, world } from "./groupQueueWorld.ts"

const given = Number(process.env["LAZYCLUSTER_SEED"])
const games = 4
const mortal = ["b", "c", "d"]

/** One game. The host `a` never dies, so that no item may be lost. */
const play = (seed: number) =>
  Effect.gen(function*() {
    const hosts = yield* InMemorySsh
    const group = yield* RuntimeGroup.make(["a", ...mortal], { lease: "20 seconds" })
    const items = Array.from({ length: 30 }, (_, n) => n)
    const seconds = yield* Effect.forEach(items, () => Random.nextIntBetween(1, 15))
    const perHost = yield* Random.nextIntBetween(1, 4)
    const said = `LAZYCLUSTER_SEED=${seed}, ${perHost} a host`
    const most = yield* Ref.make(0)
    const deaths = yield* Ref.make(0)
    const ordered = yield* Random.nextBoolean
    const fiber = yield* RuntimeGroup.forEach(group, items, work((n) => seconds[n] ?? 1), {
      perHost,
      ordered,
      buffer: 8,
      retry: { lostHosts: 1000 }
    }).pipe(Stream.runCollect, Effect.fork)
    for (let second = 0; second < 1000 && Option.isNone(yield* Fiber.poll(fiber)); second++) {
      if ((yield* Random.next) < 0.1) {
        const alias = yield* Effect.map(Random.nextIntBetween(0, mortal.length), (n) => mortal[n] ?? "b")
        const dying = yield* Random.nextBoolean
        if (dying) yield* Ref.update(deaths, (n) => n + 1)
        yield* dying ? dies(alias) : hosts.restore(alias)
      }
      const here = yield* working("a")
      yield* Ref.update(most, (n) => Math.max(n, here))
      yield* TestClock.adjust("1 second")
    }
    const results = [...(yield* Fiber.join(fiber))]
    const sorted = results.toSorted((a, b) => a.index - b.index)
    if (ordered) assert.deepStrictEqual(results, sorted, said)
    assert.deepStrictEqual(sorted.map(({ index }) => index), items, said)
    for (const { host, index, item, result } of sorted) {
      assert.deepStrictEqual([item, result.executionLog[0]?.stdout], [index, `${index}@${host}`], said)
    }
    assert.isAtMost(yield* Ref.get(most), perHost, said)
    for (const alias of mortal) yield* hosts.restore(alias)
    // Leases run out, or links come back: what is left on the hosts ends before the scope does.
    yield* TestClock.adjust("1 minute")
    return { deaths: yield* Ref.get(deaths), again: results.filter(({ attempt }) => attempt > 1).length }
  }).pipe(Effect.scoped, Effect.provide(world(["a", ...mortal])), Effect.withRandom(Random.make(seed)))

describe("forEach, while hosts die and come back", () => {
  it.effect("gives every item one result, and keeps to its bounds and order", () =>
    Effect.gen(function*() {
      const clock = yield* Effect.withClock(Clock.currentTimeMillis, Clock.make())
      const first = Number.isInteger(given) ? given : clock % 1_000_000_007
      yield* Effect.logInfo(`the seed is ${first}; LAZYCLUSTER_SEED=${first} plays the same games again`)
      const played = yield* Effect.forEach(Array.from({ length: games }, (_, n) => first + n), play)
      // Otherwise nothing was put to the test.
      assert.isAbove(played.reduce((sum, { deaths }) => sum + deaths, 0), 0)
      assert.isAbove(played.reduce((sum, { again }) => sum + again, 0), 0)
    }), 120_000)
})
