import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import * as Asking from "../../src/internal/asking.ts"
import type { AuthQuestion } from "../../src/services/AuthQuestion.ts"
import { Host } from "../../src/services/Host.ts"

const question = (alias: string): AuthQuestion => ({
  host: Host.make({ alias }),
  user: "ada",
  kind: "password",
  instruction: "",
  prompts: [{ text: "?", echo: false }],
  attempt: 1
})

const done = <A, E>(fiber: Fiber.Fiber<A, E>) => Effect.map(Fiber.poll(fiber), Option.isSome)

describe("asking", () => {
  it.effect("the deadline of a host stands still while it asks, and no other's", () =>
    Effect.gen(function*() {
      const answered = yield* Deferred.make<ReadonlyArray<Redacted.Redacted<string>>>()
      const asking = yield* Asking.make({ ask: () => Effect.asSome(Deferred.await(answered)), patience: "1 hour" })
      const ten = Duration.seconds(10)
      const own = yield* Effect.fork(asking.sleep(ten, (alias) => alias === "a"))
      const other = yield* Effect.fork(asking.sleep(ten, (alias) => alias === "b"))
      yield* TestClock.adjust("4 seconds")
      const asked = yield* Effect.fork(asking.turn("a", asking.ask?.(question("a")) ?? Effect.succeedNone))
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual([yield* done(own), yield* done(other)], [false, true])
      yield* Deferred.succeed(answered, [Redacted.make("x")])
      assert.isTrue(Option.isSome(yield* Fiber.join(asked)))
      yield* TestClock.adjust("5900 millis")
      assert.isFalse(yield* done(own))
      yield* TestClock.adjust("200 millis")
      assert.isTrue(yield* done(own))
    }))

  it.effect("one question at a time; one that waits for its turn does not lose its deadline either", () =>
    Effect.gen(function*() {
      const gate = yield* Deferred.make<void>()
      const order: Array<string> = []
      const asking = yield* Asking.make({
        ask: ({ host }) =>
          Effect.zipRight(
            Effect.sync(() => order.push(host.alias)),
            Effect.as(Deferred.await(gate), Option.none())
          ),
        patience: "1 hour"
      })
      const ask = (alias: string) => asking.turn(alias, asking.ask?.(question(alias)) ?? Effect.succeedNone)
      const first = yield* Effect.fork(ask("a"))
      yield* TestClock.adjust(0)
      const second = yield* Effect.fork(ask("b"))
      const deadline = yield* Effect.fork(asking.sleep(Duration.seconds(10), (alias) => alias === "b"))
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(order, ["a"])
      assert.isFalse(yield* done(deadline))
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(first)
      yield* Fiber.join(second)
      assert.deepStrictEqual(order, ["a", "b"])
    }))

  it.effect("nobody who answers, too late, too few: none", () =>
    Effect.gen(function*() {
      const late = yield* Asking.make({ ask: () => Effect.never, patience: "2 minutes" })
      const waiting = yield* Effect.fork(late.ask?.(question("a")) ?? Effect.succeedNone)
      yield* TestClock.adjust("119 seconds")
      assert.isFalse(yield* done(waiting))
      yield* TestClock.adjust("1 seconds")
      assert.isTrue(Option.isNone(yield* Fiber.join(waiting)))
      const few = yield* Asking.make({ ask: () => Effect.succeedSome([]), patience: "1 second" })
      assert.isTrue(Option.isNone(yield* few.ask?.(question("a")) ?? Effect.succeedNone))
    }))
})
