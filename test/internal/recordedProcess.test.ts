import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as recordedProcess from "../../src/internal/recordedProcess.ts"
import type { ExitStatus } from "../../src/services/SshConnection.ts"

/** A process that has said where it is and `printed`; what is done about it when its scope has closed. */
const closed = (printed: Stream.Stream<string>, exit: Effect.Effect<ExitStatus>) =>
  Effect.gen(function*() {
    const done: Array<string> = []
    const process = {
      write: () => Effect.void,
      endInput: Effect.void,
      stdout: Stream.encodeText(Stream.concat(Stream.make("lazycluster 7 100\n"), printed)),
      stderr: Stream.empty,
      exit
    }
    const recorded = yield* recordedProcess.make(
      Effect.succeed(process),
      () => Effect.sync(() => void done.push("halted")),
      (_, { code }) => Effect.sync(() => void done.push(`exited with ${code}`))
    )
    yield* Stream.runHead(Stream.decodeText(recorded.stdout))
    yield* Effect.sync(() => void done.push("read"))
    return done
  }).pipe(Effect.scoped, Effect.fork)

describe("recordedProcess", () => {
  it.effect("is not halted when its output has ended and how it exited is on its way", () =>
    Effect.gen(function*() {
      const exit = yield* Deferred.make<ExitStatus>()
      const fiber = yield* closed(Stream.empty, Deferred.await(exit))
      yield* TestClock.adjust("900 millis")
      yield* Deferred.succeed(exit, { code: 0 })
      assert.deepStrictEqual(yield* Fiber.join(fiber), ["read", "exited with 0"])
    }))

  it.effect("is halted when its output has ended and it stays", () =>
    Effect.gen(function*() {
      const fiber = yield* closed(Stream.empty, Effect.never)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* Fiber.join(fiber), ["read", "halted"])
    }))

  it.effect("is halted at once when its output goes on", () =>
    Effect.gen(function*() {
      const fiber = yield* closed(Stream.concat(Stream.make("a"), Stream.never), Effect.never)
      assert.deepStrictEqual(yield* Fiber.join(fiber), ["read", "halted"])
    }))
})
