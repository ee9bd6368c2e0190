import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import * as Observable from "../../src/internal/observable.ts"

describe("an observable", () => {
  it.effect("sees a value that has changed again at once", () =>
    Effect.gen(function*() {
      const light = yield* Observable.make("green")
      const seen = yield* Effect.fork(light.until((value) => value === "amber"))
      yield* Effect.yieldNow()
      yield* light.set("amber")
      yield* light.set("red")
      assert.strictEqual(yield* Fiber.join(seen), "amber")
      assert.strictEqual(yield* light.until((value) => value === "red"), "red")
    }))

  it.effect("tells a slow one every value in order, as long as it listens", () =>
    Effect.gen(function*() {
      const count = yield* Observable.make(0)
      const heard = yield* Ref.make<ReadonlyArray<string>>([])
      const words = Observable.map(count, (n) => `n${n}`)
      const slow = yield* Effect.fork(
        words.watch((word) => Effect.zipRight(Effect.yieldNow(), Ref.update(heard, (all) => [...all, word])))
      )
      const begun = yield* Deferred.make<void>()
      const first = yield* words.changes.pipe(
        Stream.tap(() => Deferred.succeed(begun, undefined)),
        Stream.take(3),
        Stream.runCollect,
        Effect.fork
      )
      yield* Deferred.await(begun)
      yield* Effect.forEach([1, 2, 3], (n) => count.set(n))
      yield* Effect.repeatN(Effect.yieldNow(), 20)
      assert.deepStrictEqual(yield* Ref.get(heard), ["n0", "n1", "n2", "n3"])
      assert.deepStrictEqual(Chunk.toReadonlyArray(yield* Fiber.join(first)), ["n0", "n1", "n2"])
      yield* Fiber.interrupt(slow)
      yield* count.set(4)
      yield* Effect.yieldNow()
      assert.lengthOf(yield* Ref.get(heard), 4)
    }))

  it.effect("ends with the error of who hears it, and its listeners with their scope", () =>
    Effect.gen(function*() {
      const count = yield* Observable.make(0)
      const watching = yield* Effect.fork(
        Effect.flip(count.watch((n) => n === 1 ? Effect.fail("one") : Effect.void))
      )
      const heard: Array<number> = []
      yield* Effect.scoped(Effect.gen(function*() {
        yield* count.listen((n) => heard.push(n))
        yield* Effect.yieldNow()
        yield* count.update((n) => n + 1)
      }))
      yield* count.update((n) => n + 1)
      assert.strictEqual(yield* Fiber.join(watching), "one")
      assert.deepStrictEqual(heard, [0, 1])
    }))
})
