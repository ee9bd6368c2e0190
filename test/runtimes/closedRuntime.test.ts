import { assert, describe, it } from "@effect/vitest"
import { assertSome } from "@effect/vitest/utils"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import * as RuntimeGroup from "../../src/runtimes/RuntimeGroup.ts"
import type { SshError } from "../../src/services/SshError.ts"
import * as RuntimeTask from "../../src/tasks/RuntimeTask.ts"
import type { Command } from "../../src/tasks/TaskTarget.ts"
import { InMemorySsh } from "../../src/testing/InMemorySsh.ts"
import { world as hosts } from "./groupQueueWorld.ts"

const world = hosts(["host-1"])

const ended = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.fork(effect).pipe(Effect.tap(() => TestClock.adjust("15 seconds")), Effect.flatMap(Fiber.join))

/** Two runtimes of one host, over one connection; the first of them is closed. */
const closed = Effect.gen(function*() {
  const scope = yield* Scope.make()
  const runtime = yield* Scope.extend(Runtime.make("host-1"), scope)
  const other = yield* Runtime.make("host-1")
  yield* ended(Scope.close(scope, Exit.void))
  return { runtime, other }
})

const programs = Effect.map(
  Effect.flatMap(InMemorySsh, (hosts) => hosts.processes("host-1")),
  (all) => all.filter(({ argv }) => argv[0] === "work").length
)

describe("a runtime that was closed while another one uses its connection", () => {
  it.scoped("starts nothing, which no guardian would end, and says why", () =>
    Effect.gen(function*() {
      const { other, runtime } = yield* closed
      const command: Command = { argv: ["work", "1000", "x"] }
      const starts: ReadonlyArray<Effect.Effect<unknown, SshError, Scope.Scope>> = [
        runtime.exec(command),
        runtime.start("x", command),
        runtime.python({ name: "x", language: "python", source: "pass" }, [])
      ]
      for (const start of starts) {
        const error = yield* ended(Effect.flip(Effect.scoped(start)))
        assert.deepInclude(error, { _tag: "SshError", reason: "LinkLost", host: "host-1" })
        assert.include(error.message, "the runtime has been closed")
        assert.strictEqual(yield* programs, 0)
      }
      yield* other.exec(command)
      assert.strictEqual(yield* programs, 1)
    }).pipe(Effect.provide(world)))

  it.scoped("has no connection, and its link is gone", () =>
    Effect.gen(function*() {
      const { runtime } = yield* closed
      assert.strictEqual((yield* ended(Effect.flip(runtime.connection))).reason, "LinkLost")
      assertSome(yield* Stream.runHead(runtime.link), "gone")
    }).pipe(Effect.provide(world)))

  it.scoped("runs no task, also for a group that still has it", () =>
    Effect.gen(function*() {
      const { runtime } = yield* closed
      const group = RuntimeGroup.fromRuntimes([runtime])
      const task = RuntimeTask.make("x").pipe(RuntimeTask.runCommand("work 1000 x"))
      const error = yield* ended(Effect.flip(RuntimeGroup.broadcast(group, task)))
      assert.deepInclude(error, { _tag: "TaskError", reason: "Link" })
      assert.strictEqual(yield* programs, 0)
    }).pipe(Effect.provide(world)))
})
