import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as ExecutionLog from "../../src/services/ExecutionLog.ts"
import { Host } from "../../src/services/Host.ts"
import { HostFacts } from "../../src/services/HostFacts.ts"
import type { ExitStatus, RemoteProcess } from "../../src/services/SshConnection.ts"
import { SshError } from "../../src/services/SshError.ts"
import * as RuntimeTask from "../../src/tasks/RuntimeTask.ts"
import * as TaskRunner from "../../src/tasks/TaskRunner.ts"
import type { Command, TaskTarget } from "../../src/tasks/TaskTarget.ts"

const runner = TaskRunner.layer().pipe(
  Layer.provide([ExecutionLog.layerNoop, FileSystem.layerNoop({}), Path.layer])
)

const facts = HostFacts.make({
  system: "",
  os: "",
  machine: "",
  libc: "",
  hostname: "",
  user: "",
  home: "",
  cache: "",
  bootId: "",
  network: "",
  cpus: 1,
  memory: 1,
  gpus: [],
  python: "",
  pythonPath: "",
  executables: {}
})

const ok: ExitStatus = { code: 0 }

const processOf = (parts: Partial<RemoteProcess>): RemoteProcess => ({
  write: () => Effect.void,
  endInput: Effect.void,
  stdout: Stream.empty,
  stderr: Stream.empty,
  exit: Effect.succeed(ok),
  ...parts
})

const lost = new SshError({
  reason: "LinkLost",
  host: "far",
  step: "stdout",
  detail: "the link has gone",
  hint: "plug it in"
})

const target = (exec: TaskTarget["exec"]): TaskTarget => ({
  host: Host.make({ alias: "far" }),
  facts,
  workingDirectory: "/work",
  resolve: (path) => path,
  exec,
  python: () => Effect.fail(lost),
  files: Effect.fail(lost)
})

const bytes = (text: string) => new TextEncoder().encode(text)

const command = (line: string) => RuntimeTask.make("t").pipe(RuntimeTask.runCommand(line))

describe("TaskRunner", () => {
  it.effect("gives a command to sh as one argument", () =>
    Effect.gen(function*() {
      const seen = yield* Ref.make<ReadonlyArray<Command>>([])
      const here = target((started) => Effect.as(Ref.update(seen, (all) => [...all, started]), processOf({})))
      const task = RuntimeTask.make().pipe(
        RuntimeTask.withEnv({ A: "1" }),
        RuntimeTask.runCommand("a 'b' $c", { env: { B: "2" } }),
        RuntimeTask.runCommand("-x")
      )
      yield* TaskRunner.run(here, task)
      assert.deepStrictEqual(yield* Ref.get(seen), [
        { argv: ["sh", "-c", "a 'b' $c"], env: { A: "1", B: "2" } },
        { argv: ["sh", "-c", "--", "-x"], env: { A: "1" } }
      ])
    }).pipe(Effect.provide(runner)))

  it.effect("tells how long a step took", () =>
    Effect.gen(function*() {
      const here = target(() => Effect.succeed(processOf({ exit: Effect.delay(Effect.succeed(ok), "90 seconds") })))
      const fiber = yield* Effect.fork(TaskRunner.run(here, command("true")))
      yield* TestClock.adjust("90 seconds")
      const done = yield* Fiber.join(fiber)
      assert.strictEqual(Duration.toSeconds(done.executionLog[0]?.duration ?? 0), 90)
    }).pipe(Effect.provide(runner)))

  it.effect("tells of a lost link, with what was printed before", () =>
    Effect.gen(function*() {
      const here = target(() =>
        Effect.succeed(processOf({
          stdout: Stream.concat(Stream.make(bytes("one\ntw"), bytes("o")), Stream.fail(lost))
        }))
      )
      const error = yield* Effect.flip(TaskRunner.run(here, command("x")))
      assert.deepInclude(error, {
        reason: "Link",
        step: 0,
        detail: "stdout, LinkLost: the link has gone",
        hint: "plug it in",
        log: ["one", "two"],
        cause: lost
      })
    }).pipe(Effect.provide(runner)))

  it.effect("reads no further ahead of a slow reader than its queue is long", () =>
    Effect.gen(function*() {
      const produced = yield* Ref.make(0)
      const stdout = Stream.repeatEffectChunk(
        Effect.as(Ref.update(produced, (n) => n + 1), Chunk.of(bytes("x")))
      ).pipe(Stream.take(2000))
      const here = target(() => Effect.succeed(processOf({ stdout })))
      const [read, ahead] = yield* TaskRunner.stream(here, command("x")).pipe(
        Stream.filter((event) => event._tag === "Output"),
        Stream.runFoldEffect([0, 0] as readonly [number, number], ([read, ahead]) =>
          // Long enough for the process to fill what there is to fill.
          Effect.repeatN(Effect.yieldNow(), 20).pipe(
            Effect.zipRight(Ref.get(produced)),
            Effect.map((now) => [read + 1, Math.max(ahead, now - read)] as const)
          ))
      )
      assert.strictEqual(read, 2000)
      assert.isAbove(ahead, 10)
      assert.isBelow(ahead, 100)
    }).pipe(Effect.provide(runner)))

  it.effect("closes the scope of the process before a failure is told", () =>
    Effect.gen(function*() {
      const closed = yield* Ref.make(false)
      const here = target(() =>
        Effect.acquireRelease(
          Effect.succeed(processOf({ exit: Effect.succeed({ code: 1 }) })),
          () => Ref.set(closed, true)
        )
      )
      yield* Effect.flip(TaskRunner.run(here, command("x")))
      assert.isTrue(yield* Ref.get(closed))
    }).pipe(Effect.provide(runner)))

  it.effect("closes the scope of the process when it is interrupted", () =>
    Effect.gen(function*() {
      const started = yield* Deferred.make<void>()
      const closed = yield* Ref.make(false)
      const here = target(() =>
        Effect.acquireRelease(
          Effect.as(Deferred.succeed(started, undefined), processOf({ exit: Effect.never })),
          () => Ref.set(closed, true)
        )
      )
      const fiber = yield* Effect.fork(Stream.runDrain(TaskRunner.stream(here, command("x"))))
      yield* Deferred.await(started)
      yield* Fiber.interrupt(fiber)
      assert.isTrue(yield* Ref.get(closed))
    }).pipe(Effect.provide(runner)))
})
