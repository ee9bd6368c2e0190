/** Workers on hosts in memory: no Node there, the clock of a test. */
import * as Rpc from "@effect/rpc/Rpc"
import * as RpcGroup from "@effect/rpc/RpcGroup"
import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import * as ExecutionLog from "../../src/services/ExecutionLog.ts"
import * as RemoteWorker from "../../src/tasks/RemoteWorker.ts"
import { InMemorySsh, layer } from "../../src/testing/InMemorySsh.ts"
import * as InMemoryWorker from "../../src/testing/InMemoryWorker.ts"

class Sums extends RpcGroup.make(
  Rpc.make("add", { payload: { a: Schema.Number, b: Schema.Number }, success: Schema.Number }),
  Rpc.make("count", { payload: { to: Schema.Number }, success: Schema.Number, stream: true }),
  Rpc.make("hang", { payload: {}, success: Schema.Void })
) {}

const sums = RemoteWorker.make({ group: Sums, module: "./sums.ts" })

const implementation = Sums.of({
  add: ({ a, b }) => Effect.succeed(a + b),
  count: ({ to }) => Stream.range(1, to),
  hang: () => Effect.never
})

const handlers = Sums.toLayer(implementation)

const worldOf = (...workers: ReadonlyArray<InMemoryWorker.InMemoryWorker>) =>
  Layer.merge(
    layer(["host-1", "host-2", "host-3"], { commands: InMemoryWorker.commands(workers) }),
    ExecutionLog.layerNoop
  )

const world = worldOf(InMemoryWorker.of(sums, handlers))

const start = (host: string) => Effect.flatMap(Runtime.make(host), (runtime) => RemoteWorker.start(runtime, sums))

const mine = { host: "host-1", worker: "sums" }

describe("a worker in memory", () => {
  it.scoped("answers and streams; three at once, merged", () =>
    Effect.gen(function*() {
      const all = yield* Effect.forEach(["host-1", "host-2", "host-3"], start, { concurrency: 3 })
      const [first] = all
      assert.strictEqual(yield* first?.add({ a: 1, b: 2 }) ?? Effect.succeed(0), 3)
      const merged = yield* Stream.mergeAll(all.map((client) => client.count({ to: 10 })), { concurrency: 3 }).pipe(
        Stream.runCollect
      )
      assert.strictEqual(Chunk.reduce(merged, 0, (a, b) => a + b), 165)
    }).pipe(Effect.provide(world)))

  it.scoped("that is killed fails what is under way, with its host and its exit code", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const client = yield* start("host-1")
      const hanging = yield* Effect.fork(Effect.flip(client.hang({})))
      yield* TestClock.adjust(0)
      yield* hosts.kill("host-1", "lazycluster-worker")
      assert.deepInclude(yield* Fiber.join(hanging), { ...mine, reason: "Ended", step: "call", exitCode: 137 })
      assert.deepInclude(yield* Effect.flip(client.add({ a: 1, b: 1 })), { ...mine, reason: "Ended" })
    }).pipe(Effect.provide(world)))

  it.scoped("whose link is lost fails what is under way, and can be started again when it is back", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const runtime = yield* Runtime.make("host-1")
      const client = yield* RemoteWorker.start(runtime, sums)
      const hanging = yield* Effect.fork(Effect.flip(client.hang({})))
      yield* TestClock.adjust(0)
      yield* hosts.cut("host-1")
      const error = yield* Fiber.join(hanging)
      assert.deepInclude(error, { ...mine, reason: "Link" })
      assert.deepInclude(error.cause, { _tag: "SshError", reason: "LinkLost" })
      yield* TestClock.adjust("5 seconds")
      const next = yield* RemoteWorker.start(runtime, sums)
      assert.strictEqual(yield* next.add({ a: 2, b: 2 }), 4)
    }).pipe(Effect.provide(world)))

  it.scoped("ends with its scope: calls are interrupted, handlers too, and nothing is left", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const scope = yield* Scope.make()
      const ended = yield* Deferred.make<void>()
      const runtime = yield* Runtime.make("host-1")
      const client = yield* Scope.extend(RemoteWorker.start(runtime, sums), scope)
      const hanging = yield* Effect.fork(client.hang({}))
      yield* TestClock.adjust(0)
      yield* Effect.fork(Effect.zipRight(Scope.close(scope, Exit.void), Deferred.succeed(ended, undefined)))
      yield* TestClock.adjust("1 second")
      yield* Deferred.await(ended)
      assert.isTrue(Exit.isInterrupted(yield* Fiber.await(hanging)))
      const running = yield* hosts.processes("host-1")
      assert.deepStrictEqual(running.filter(({ argv }) => argv[0] === "lazycluster-worker"), [])
    }).pipe(Effect.provide(world)))

  it.scoped("says what its group lacks", () =>
    Effect.gen(function*() {
      const more = RemoteWorker.make({
        group: Sums.add(Rpc.make("product", { payload: {}, success: Schema.Number })),
        module: "./sums.ts"
      })
      const runtime = yield* Runtime.make("host-1")
      const error = yield* Effect.flip(RemoteWorker.start(runtime, more))
      assert.deepInclude(error, { ...mine, reason: "Source", detail: "the group of its module lacks product" })
    }).pipe(Effect.provide(world)))

  it.scoped("says why its layer failed, and that there is none of its name", () =>
    Effect.gen(function*() {
      const runtime = yield* Runtime.make("host-1")
      const failed = yield* Effect.flip(RemoteWorker.start(runtime, sums))
      assert.deepInclude(failed, { ...mine, reason: "Load", exitCode: 1 })
      assert.include(failed.log?.join("\n"), "no licence")
      const other = RemoteWorker.make({ group: Sums, module: "./other.ts" })
      const missing = yield* Effect.flip(RemoteWorker.start(runtime, other))
      assert.deepStrictEqual(missing.log, ["no worker other was given to InMemoryWorker.commands"])
    }).pipe(Effect.provide(
      worldOf(InMemoryWorker.of(sums, Sums.toLayer(Effect.as(Effect.fail(new Error("no licence")), implementation))))
    )))

  it.scoped("says that it is not ready in time", () =>
    Effect.gen(function*() {
      const runtime = yield* Runtime.make("host-1")
      const fiber = yield* Effect.fork(Effect.flip(RemoteWorker.start(runtime, sums, { startTimeout: "10 seconds" })))
      yield* TestClock.adjust("11 seconds")
      assert.deepInclude(yield* Fiber.join(fiber), { ...mine, reason: "NotReady" })
    }).pipe(
      Effect.provide(worldOf(InMemoryWorker.of(sums, Sums.toLayer(Effect.as(Effect.never, implementation)))))
    ))

  it.scoped("that says what is no message is refused, and what is too long", () =>
    Effect.gen(function*() {
      const runtime = yield* Runtime.make("host-1")
      assert.deepInclude(yield* Effect.flip(RemoteWorker.start(runtime, sums)), { ...mine, reason: "Protocol" })
      const long = RemoteWorker.make({ group: Sums, module: "./long.ts" })
      const error = yield* Effect.flip(RemoteWorker.start(runtime, long, { messageLimit: 1000 }))
      assert.deepInclude(error, { reason: "Protocol", detail: "it said a message of more than 1000 bytes" })
    }).pipe(Effect.provide(worldOf(
      {
        name: "sums",
        run: ({ stdout }) => Effect.zipRight(stdout("{\"_tag\":\"Exit\",\"requestId\":\"x\"}\n"), Effect.never)
      },
      { name: "long", run: ({ stdout }) => Effect.zipRight(stdout("x".repeat(2000)), Effect.never) }
    ))))
})
