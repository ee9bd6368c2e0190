import { assert, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as TestClock from "effect/TestClock"
import { within } from "../../src/internal/bounded.ts"

it.effect("ends in time where nothing can be interrupted", () =>
  Effect.gen(function*() {
    const waiting = yield* Effect.fork(Effect.uninterruptible(within(Effect.never, "5 seconds")))
    yield* TestClock.adjust("5 seconds")
    assert.isTrue(Option.isNone(yield* Fiber.join(waiting)))
  }))

it.effect("a finalizer comes to its end when its fiber is interrupted meanwhile", () =>
  Effect.gen(function*() {
    const started = yield* Deferred.make<void>()
    const go = yield* Deferred.make<void>()
    const done = yield* Ref.make(false)
    const release = Effect.zipRight(
      Deferred.succeed(started, undefined),
      Effect.zipRight(Deferred.await(go), Ref.set(done, true))
    )
    const user = yield* Effect.fork(
      Effect.scoped(Effect.addFinalizer(() => Effect.asVoid(within(release, "1 minute"))))
    )
    yield* Deferred.await(started)
    const interrupting = yield* Effect.fork(Fiber.interrupt(user))
    yield* Effect.yieldNow()
    yield* Deferred.succeed(go, undefined)
    yield* Fiber.join(interrupting)
    assert.isTrue(yield* Ref.get(done))
  }))

it.effect("where its fiber can be interrupted, so can it", () =>
  Effect.gen(function*() {
    const stopped = yield* Deferred.make<void>()
    const started = yield* Deferred.make<void>()
    const user = yield* Effect.fork(
      within(
        Effect.zipRight(Deferred.succeed(started, undefined), Effect.never).pipe(
          Effect.onInterrupt(() => Deferred.succeed(stopped, undefined))
        ),
        "1 minute"
      )
    )
    yield* Deferred.await(started)
    yield* Fiber.interrupt(user)
    assert.isTrue(yield* Deferred.isDone(stopped))
  }))

it.effect("what it ran fails as it did", () =>
  Effect.gen(function*() {
    assert.deepStrictEqual(yield* Effect.exit(within(Effect.fail("mine"), "1 second")), Exit.fail("mine"))
  }))
