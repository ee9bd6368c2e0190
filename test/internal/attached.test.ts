import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as attached from "../../src/internal/attached.ts"
import type { RemoteProcess } from "../../src/services/SshConnection.ts"

const bytes = (text: string) => new TextEncoder().encode(text)

/** A process that has ended with 3; what it has printed is on its way. */
const ended = (stdout: RemoteProcess["stdout"]): RemoteProcess => ({
  write: () => Effect.void,
  endInput: Effect.void,
  stdout,
  stderr: Stream.empty,
  exit: Effect.succeed({ code: 3 })
})

const run = (stdout: RemoteProcess["stdout"]) =>
  Effect.gen(function*() {
    const heard: Array<string> = []
    const running = yield* Effect.fork(
      attached.run(ended(stdout), {
        stdin: Stream.empty,
        stdout: Sink.forEach((chunk: Uint8Array) =>
          Effect.sync(() => void heard.push(new TextDecoder().decode(chunk)))
        ),
        stderr: Sink.drain
      }).pipe(Effect.scoped)
    )
    yield* TestClock.adjust("30 seconds")
    const { code } = yield* Fiber.join(running)
    return { code, heard: heard.join("") }
  })

describe("a process with standard streams that are somebody's own", () => {
  it.effect("has said all when its outputs end, however slowly they come after its own end", () =>
    Effect.gen(function*() {
      const slowly = Stream.fromIterable(["a", "b", "c", "d", "e"]).pipe(
        Stream.map(bytes),
        Stream.schedule(Schedule.spaced("600 millis"))
      )
      assert.deepStrictEqual(yield* run(slowly), { code: 3, heard: "abcde" })
    }))

  it.effect("is over a while after its end, where what it has left holds its outputs open", () =>
    Effect.gen(function*() {
      const open = Stream.concat(Stream.succeed(bytes("a")), Stream.never)
      assert.deepStrictEqual(yield* run(open), { code: 3, heard: "a" })
    }))
})
