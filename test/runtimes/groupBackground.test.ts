import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import * as RuntimeGroup from "../../src/runtimes/RuntimeGroup.ts"
import * as RuntimeTask from "../../src/tasks/RuntimeTask.ts"
import { InMemorySsh } from "../../src/testing/InMemorySsh.ts"
import { ended, line, three, working, world } from "./groupQueueWorld.ts"

const work = (seconds: number, name: string) => line(`work ${seconds} ${name}`)

const outputs = (all: ReadonlyArray<{ readonly executionLog: ReadonlyArray<{ readonly stdout: string }> }>) =>
  all.map(({ executionLog }) => executionLog[0]?.stdout)

describe("execute", () => {
  it.scoped("runs on the host that is named, or on the one with the fewest tasks under way, ties in order", () =>
    Effect.gen(function*() {
      const group = yield* RuntimeGroup.make(three)
      const fiber = yield* Effect.fork(Effect.all([
        RuntimeGroup.execute(group, work(9, "1")),
        RuntimeGroup.execute(group, work(1, "2")),
        RuntimeGroup.execute(group, work(9, "3"), { host: "c" }),
        RuntimeGroup.execute(group, work(9, "4")),
        RuntimeGroup.execute(group, work(9, "5")),
        // Once `b` has done its short one, it has less to do than the others.
        Effect.zipRight(Effect.sleep("3 seconds"), RuntimeGroup.execute(group, work(1, "6")))
      ], { concurrency: "unbounded" }))
      assert.deepStrictEqual(outputs(yield* ended(fiber)), ["1@a", "2@b", "3@c", "4@a", "5@b", "6@b"])
    }).pipe(Effect.provide(world())))

  it.scoped("counts what is under way, not what was: also of one name, also of other groups", () =>
    Effect.gen(function*() {
      const group = yield* RuntimeGroup.make(three)
      for (let n = 0; n < 3; n++) {
        const fiber = yield* Effect.fork(RuntimeGroup.execute(group, work(1, "x")))
        yield* ended(fiber)
      }
      const [a, b] = group.runtimes
      if (a === undefined || b === undefined) return yield* Effect.dieMessage("no hosts")
      assert.strictEqual((yield* RuntimeGroup.leastBusy(group)).host.alias, "a")
      yield* Runtime.fork(a, work(1000, "x"))
      yield* Runtime.fork(Runtime.withEnvironment(b, { A: "1" }), work(1000, "x"))
      assert.strictEqual((yield* RuntimeGroup.leastBusy(RuntimeGroup.withEnvironment(group, {}))).host.alias, "c")
    }).pipe(Effect.provide(world())))

  it.scoped("needs a member, and one of that name", () =>
    Effect.gen(function*() {
      const group = yield* RuntimeGroup.make(["a"])
      const stranger = yield* Effect.flip(RuntimeGroup.execute(group, work(1, "x"), { host: "b" }))
      assert.deepInclude(stranger, { _tag: "GroupError", reason: "UnknownHost" })
      const none = yield* Effect.flip(RuntimeGroup.execute(RuntimeGroup.fromRuntimes([]), work(1, "x")))
      assert.deepInclude(none, { _tag: "GroupError", reason: "NoHosts" })
    }).pipe(Effect.provide(world())))
})

describe("broadcast", () => {
  it.scoped("gives each host its own run of the task, with its own log", () =>
    Effect.gen(function*() {
      const group = yield* RuntimeGroup.make(three)
      const fiber = yield* Effect.fork(RuntimeGroup.broadcast(group, work(1, "x")))
      const outcomes = yield* Effect.forEach(yield* ended(fiber), ({ result }) => result)
      assert.deepStrictEqual(outcomes.map(({ host }) => host), three)
      assert.deepStrictEqual(outputs(outcomes), ["x@a", "x@b", "x@c"])
    }).pipe(Effect.provide(world())))
})

describe("fork and join", () => {
  it.scoped("spread tasks, and give what they left in the order of their start", () =>
    Effect.gen(function*() {
      const group = yield* RuntimeGroup.make(three)
      for (const n of [9, 5, 1, 7]) yield* RuntimeGroup.fork(group, work(n, String(n)))
      for (const alias of three) assert.isAbove(yield* Effect.zipRight(TestClock.adjust(0), working(alias)), 0)
      const fiber = yield* Effect.fork(RuntimeGroup.join(group))
      assert.deepStrictEqual(outputs(yield* ended(fiber)), ["9@a", "5@b", "1@c", "7@a"])
      // They are forgotten, by their runtimes too.
      assert.deepStrictEqual(yield* RuntimeGroup.join(group), [])
      for (const runtime of group.runtimes) assert.deepStrictEqual(yield* Runtime.results(runtime), [])
    }).pipe(Effect.provide(world())))

  it.scoped("do not wait for what is left out, which ends with its member", () =>
    Effect.gen(function*() {
      const group = yield* RuntimeGroup.make(three)
      const server = yield* RuntimeGroup.fork(group, RuntimeTask.omitOnJoin(work(1000, "server")))
      yield* RuntimeGroup.fork(group, work(2, "x"))
      const fiber = yield* Effect.fork(RuntimeGroup.join(group))
      assert.deepStrictEqual(outputs(yield* ended(fiber, "10 seconds")), ["x@b"])
      assert.isTrue(Option.isNone(yield* server.poll))
      assert.strictEqual(yield* working("a"), 1)
      const removing = yield* Effect.fork(RuntimeGroup.remove(group, "a"))
      yield* ended(removing)
      assert.strictEqual(yield* working("a"), 0)
    }).pipe(Effect.provide(world())))

  it.scoped("wait for all, and tell each failure and what the others left", () =>
    Effect.gen(function*() {
      const group = yield* RuntimeGroup.make(three)
      yield* RuntimeGroup.fork(group, line("false"))
      yield* RuntimeGroup.fork(group, work(3, "x"))
      yield* RuntimeGroup.fork(group, line("false"))
      const fiber = yield* Effect.fork(Effect.flip(RuntimeGroup.join(group)))
      const error = yield* ended(fiber)
      assert.deepInclude(error, { _tag: "JoinError", reason: "TasksFailed", host: "a, c" })
      assert.deepStrictEqual(error.failed.map(({ host }) => host), ["a", "c"])
      assert.deepStrictEqual(outputs(error.results), ["x@b"])
    }).pipe(Effect.provide(world())))

  it.scoped("know of what groups made of this one have started, and nothing of what was interrupted", () =>
    Effect.gen(function*() {
      const group = yield* RuntimeGroup.make(three)
      const part = yield* RuntimeGroup.exclude(group, "a")
      yield* RuntimeGroup.fork(part, work(1, "x"))
      const interrupted = yield* RuntimeGroup.fork(group, work(1000, "y"), { host: "c" })
      const ending = yield* Effect.fork(interrupted.interrupt)
      yield* ended(ending)
      const fiber = yield* Effect.fork(RuntimeGroup.join(group))
      assert.deepStrictEqual(outputs(yield* ended(fiber)), ["x@b"])
      assert.strictEqual(yield* working("c"), 0)
    }).pipe(Effect.provide(world())))

  it.scoped("know of what was started on the members themselves, in the order of all starts", () =>
    Effect.gen(function*() {
      const group = yield* RuntimeGroup.make(three)
      const [a, , c] = group.runtimes
      if (a === undefined || c === undefined) return yield* Effect.dieMessage("no hosts")
      yield* Runtime.fork(c, work(2, "1"))
      yield* RuntimeGroup.fork(group, work(1, "2"))
      yield* Runtime.fork(Runtime.withEnvironment(a, { A: "1" }), work(3, "3"))
      yield* Runtime.fork(c, work(1, "4"))
      // Who leaves a member out does not wait for it.
      const part = yield* Effect.fork(RuntimeGroup.join(yield* RuntimeGroup.exclude(group, "a")))
      assert.deepStrictEqual(outputs(yield* ended(part)), ["1@c", "4@c"])
      const whole = yield* Effect.fork(RuntimeGroup.join(group))
      assert.deepStrictEqual(outputs(yield* ended(whole)), ["2@a", "3@a"])
    }).pipe(Effect.provide(world())))

  it.scoped("leave what waits where an interrupted join was", () =>
    Effect.gen(function*() {
      const group = yield* RuntimeGroup.make(three)
      yield* RuntimeGroup.fork(group, work(5, "x"))
      const joining = yield* Effect.fork(RuntimeGroup.join(group))
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(joining)
      const again = yield* Effect.fork(RuntimeGroup.join(group))
      assert.deepStrictEqual(outputs(yield* ended(again)), ["x@a"])
    }).pipe(Effect.provide(world())))
})

describe("withEnvironment", () => {
  it.scoped("adds to every member's environment and to that of members to come; each keeps its own directory", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const made = yield* RuntimeGroup.make(["a", "b"], { environment: { one: "1", two: "2" } })
      const group = yield* RuntimeGroup.add(RuntimeGroup.withEnvironment(made, { two: "zwei", three: "3" }), "c")
      yield* RuntimeGroup.broadcast(group, line("env"))
      for (const { environment, host, workingDirectory } of group.runtimes) {
        const expected = { one: "1", two: "zwei", three: "3", WORKING_DIR: workingDirectory }
        assert.deepStrictEqual(environment, expected)
        const entries = (yield* hosts.record).filter((entry) => entry.host === host.alias && entry._tag === "Exec")
        assert.isTrue(entries.some((entry) => entry._tag === "Exec" && entry.env["two"] === "zwei"))
      }
      assert.strictEqual(new Set(group.runtimes.map(({ workingDirectory }) => workingDirectory)).size, 3)
      assert.strictEqual(made.runtimes[0]?.environment["two"], "2")
      const [replaced] = RuntimeGroup.replaceEnvironment(group, { four: "4" }).runtimes
      assert.deepStrictEqual(replaced?.environment, { four: "4", WORKING_DIR: replaced?.workingDirectory ?? "" })
    }).pipe(Effect.provide(world())))
})
