/** Tasks in the background of a runtime. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import { JoinError } from "../../src/runtimes/JoinError.ts"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import * as ExecutionLog from "../../src/services/ExecutionLog.ts"
import * as RuntimeTask from "../../src/tasks/RuntimeTask.ts"
import * as TaskRunner from "../../src/tasks/TaskRunner.ts"
import { InMemorySsh, layer } from "../../src/testing/InMemorySsh.ts"

const world = Layer.merge(
  layer(["host-1"], {
    commands: {
      broken: ({ stderr }) => Effect.zipRight(stderr("no such luck\n"), Effect.succeed(3)),
      server: () => Effect.never
    }
  }),
  TaskRunner.layer().pipe(Layer.provide(ExecutionLog.layerNoop), Layer.provide(NodeContext.layer))
)

const task = (name: string, command: string) => RuntimeTask.make(name).pipe(RuntimeTask.runCommand(command))

const programs = Effect.map(
  Effect.flatMap(InMemorySsh, (hosts) => hosts.processes("host-1")),
  (all) => all.map(({ argv }) => argv[0]).filter((name) => name?.startsWith("lazycluster-") === false)
)

describe("tasks in the background", () => {
  it.scoped("a join gives what they left in the order of their start, and forgets them", () =>
    Effect.gen(function*() {
      const runtime = yield* Runtime.make("host-1")
      yield* Runtime.fork(runtime, task("slow", "sleep 5"))
      yield* Runtime.fork(runtime, task("fast", "echo done"))
      assert.strictEqual(yield* Runtime.running(runtime), 2)
      const joining = yield* Effect.fork(Runtime.join(runtime))
      yield* TestClock.adjust("4 seconds")
      assert.strictEqual(yield* Runtime.running(runtime), 1)
      assert.include(yield* Runtime.log(runtime), "Log of task fast on host-1:\n  0: run echo done (exit code 0")
      assert.include(yield* Runtime.log(runtime), "    | done")
      yield* TestClock.adjust("2 seconds")
      const results = yield* Fiber.join(joining)
      assert.deepStrictEqual(results.map((result) => result.task), ["slow", "fast"])
      assert.strictEqual(results[1]?.executionLog[0]?.stdout, "done\n")
      assert.strictEqual(yield* Runtime.running(runtime), 0)
      assert.deepStrictEqual(yield* Runtime.join(runtime), [])
      assert.deepStrictEqual(yield* Runtime.results(runtime), [])
    }).pipe(Effect.provide(world)))

  it.scoped("a join tells each failure, and loses no result", () =>
    Effect.gen(function*() {
      const runtime = yield* Runtime.make("host-1")
      for (const [name, command] of [["a", "broken"], ["b", "sleep 1"], ["c", "broken"], ["d", "echo d"]] as const) {
        yield* Runtime.fork(runtime, task(name, command))
      }
      const joining = yield* Effect.fork(Effect.flip(Runtime.join(runtime)))
      yield* TestClock.adjust("2 seconds")
      const error = yield* Fiber.join(joining)
      assert.instanceOf(error, JoinError)
      assert.deepStrictEqual(error.failed.map((each) => each.task), ["a", "c"])
      assert.deepStrictEqual(error.results.map((each) => each.task), ["b", "d"])
      assert.include(error.message, "2 of 4 tasks failed")
      assert.include(error.message, "no such luck")
      assert.isTrue(Schema.is(JoinError)(error))
      assert.deepStrictEqual(yield* Runtime.join(runtime), [])
    }).pipe(Effect.provide(world)))

  it.scoped("a join leaves out servers; the handle waits and interrupts", () =>
    Effect.gen(function*() {
      const runtime = yield* Runtime.make("host-1")
      const server = yield* Runtime.fork(runtime, RuntimeTask.omitOnJoin(task("server", "server")))
      const quick = yield* Runtime.fork(runtime, task("quick", "echo done"))
      assert.deepStrictEqual((yield* Runtime.join(runtime)).map((result) => result.task), ["quick"])
      assert.strictEqual((yield* quick.result).executionLog[0]?.stdout, "done\n")
      assert.isTrue(Option.isSome(yield* quick.poll))
      assert.isTrue(Option.isNone(yield* server.poll))
      assert.lengthOf(yield* programs, 1)
      assert.strictEqual(yield* Runtime.running(runtime), 1)
      const interrupting = yield* Effect.fork(server.interrupt)
      yield* TestClock.adjust("3 seconds")
      yield* Fiber.join(interrupting)
      assert.deepStrictEqual(yield* programs, [])
      assert.strictEqual(yield* Runtime.running(runtime), 0)
    }).pipe(Effect.provide(world)))

  it.scoped("a join that is interrupted loses nothing, a task that is interrupted holds up none", () =>
    Effect.gen(function*() {
      const runtime = yield* Runtime.make("host-1")
      yield* Runtime.fork(runtime, task("kept", "sleep 1"))
      const stuck = yield* Runtime.fork(runtime, task("stuck", "server"))
      const first = yield* Effect.fork(Runtime.join(runtime))
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.interrupt(first)
      const interrupting = yield* Effect.fork(stuck.interrupt)
      yield* TestClock.adjust("3 seconds")
      yield* Fiber.join(interrupting)
      assert.deepStrictEqual((yield* Runtime.join(runtime)).map((result) => result.task), ["kept"])
    }).pipe(Effect.provide(world)))

  it.effect("end with the runtime", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const scope = yield* Scope.make()
      const runtime = yield* Scope.extend(Runtime.make("host-1"), scope)
      const tasks = yield* Effect.forEach([1, 2, 3], (n) => Runtime.fork(runtime, task(`server ${n}`, "server")))
      yield* TestClock.adjust("1 second")
      assert.lengthOf(yield* programs, 3)
      const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.join(closing)
      assert.deepStrictEqual(yield* hosts.leftovers, [])
      for (const each of tasks) assert.isTrue(Exit.isInterrupted(yield* Effect.exit(Effect.disconnect(each.result))))
      const late = yield* Runtime.fork(runtime, task("late", "echo late"))
      assert.isTrue(Exit.isInterrupted(yield* Effect.exit(Effect.disconnect(late.result))))
      assert.strictEqual(yield* Runtime.running(runtime), 0)
    }).pipe(Effect.provide(world)))

  it.scoped("what is executed counts while it runs, also when it fails or is interrupted", () =>
    Effect.gen(function*() {
      const runtime = yield* Runtime.make("host-1")
      const one = yield* Effect.fork(Runtime.execute(runtime, task("one", "server")))
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* Runtime.running(runtime), 1)
      yield* Effect.flip(Runtime.execute(runtime, task("two", "broken")))
      assert.strictEqual(yield* Runtime.running(runtime), 1)
      yield* Fiber.interruptFork(one)
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual(yield* Runtime.running(runtime), 0)
    }).pipe(Effect.provide(world)))
})
