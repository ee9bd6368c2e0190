/** Workers in processes of Node, over the channels of a Sandbox. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as process from "node:process"
import * as Lazycluster from "../../src/Lazycluster.ts"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import * as RemoteWorker from "../../src/tasks/RemoteWorker.ts"
import * as Sandbox from "../../src/testing/Sandbox.ts"
import { until } from "../patience.ts"
import { Work } from "./workers/requests.ts"
import type * as module from "./workers/worker.ts"

const at = new URL("./workers/worker.ts", import.meta.url)
const worker = RemoteWorker.fromModule<typeof module>(at)({ group: Work })

const lines: Array<string> = []

const world = Layer.unwrapEffect(Effect.map(Sandbox.Sandbox, ({ configFile, home }) =>
  Lazycluster.layerOf({
    sshConfig: { file: configFile },
    executionLog: {
      directory: `${home}/logs`,
      live: ({ text }) => Effect.sync(() => void lines.push(text))
    }
  }))).pipe(Layer.provideMerge(Sandbox.layer({ hosts: ["host-1"] })), Layer.provideMerge(NodeContext.layer))

/** `it.scopedLive`'s scope closes before the world does. */
const live = (name: string, test: Effect.Effect<unknown, unknown, Layer.Layer.Success<typeof world> | Scope.Scope>) =>
  it.live(name, () => test.pipe(Effect.scoped, Effect.provide(world)))

const started = Effect.gen(function*() {
  const runtime = yield* Runtime.make("host-1")
  return { runtime, client: yield* RemoteWorker.start(runtime, worker, { env: { MARK: "marked" } }) }
})

const lives = (pid: number) =>
  Effect.sync(() => {
    try {
      return process.kill(pid, 0)
    } catch {
      return false
    }
  })

describe("a worker in Node", () => {
  live(
    "answers requests, with types that JSON lacks, and streams; typed errors come back as they are",
    Effect.gen(function*() {
      const { client } = yield* started
      assert.strictEqual(yield* client.square({ x: 12 }), 144)
      assert.deepStrictEqual(yield* client.when({ at: new Date(5) }), new Date(1005))
      assert.deepInclude(yield* Effect.flip(client.square({ x: 101 })), { _tag: "TooLarge", limit: 100 })
      assert.strictEqual(Chunk.size(yield* Stream.runCollect(client.count({ to: 100 }))), 100)
      const seen: Array<number> = []
      const error = yield* Effect.flip(
        Stream.runForEach(client.count({ to: 200 }), (n) => Effect.sync(() => void seen.push(n)))
      )
      assert.deepInclude(error, { _tag: "TooLarge", limit: 100 })
      assert.strictEqual(seen.length, 100)
      const place = yield* client.place({})
      assert.deepInclude(place, { mark: "marked", cwd: true })
    })
  )

  live(
    "many requests at once, texts of megabytes with every kind of character",
    Effect.gen(function*() {
      const { client } = yield* started
      const all = yield* Effect.forEach(Array.from({ length: 100 }, (_, n) => n), (x) => client.square({ x }), {
        concurrency: "unbounded"
      })
      assert.deepStrictEqual(all, all.map((_, n) => n * n))
      const text = yield* client.repeat({ text: "aä€😀\n", times: 400_000 })
      assert.isTrue(text === "aä€😀\n".repeat(400_000))
      assert.strictEqual((yield* client.repeat({ text, times: 1 })).length, text.length)
    })
  )

  live(
    "what it prints goes to its log and not into the channel, also from children",
    Effect.gen(function*() {
      const { client } = yield* started
      lines.length = 0
      yield* client.say({ text: "{\"_tag\":\"Defect\"}" })
      yield* until(Effect.sync(() => lines.length), (n) => n >= 3)
      assert.deepStrictEqual(lines.slice(0, 3), [
        "{\"_tag\":\"Defect\"}",
        "{\"_tag\":\"Defect\"} written",
        "{\"_tag\":\"Defect\"} by a child"
      ])
      assert.strictEqual(yield* client.square({ x: 2 }), 4)
    })
  )

  live(
    "interruption of a call interrupts its handler; the others go on",
    Effect.gen(function*() {
      const { client } = yield* started
      const fiber = yield* Effect.fork(client.hang({}))
      yield* until(client.events({}), (events) => events.includes("begun"))
      yield* Fiber.interrupt(fiber)
      yield* until(client.events({}), (events) => events.includes("interrupted"))
      assert.deepStrictEqual(yield* client.events({}), ["begun", "interrupted"])
    })
  )

  live(
    "a stream that is read slowly is made slowly, and holds up nothing else; it ends there when it is left",
    Effect.gen(function*() {
      const { client } = yield* started
      const gate = yield* Deferred.make<void>()
      const first = yield* Deferred.make<void>()
      const fiber = yield* Effect.fork(
        client.endless({}, { streamBufferSize: 4 }).pipe(
          Stream.tap(() => Effect.zipRight(Deferred.succeed(first, undefined), Deferred.await(gate))),
          Stream.take(100),
          Stream.runDrain
        )
      )
      yield* Deferred.await(first)
      // Each answer is one more turn for what could be made.
      yield* Effect.repeatN(client.square({ x: 1 }), 50)
      const held = yield* client.made({})
      assert.isAtMost(held, 8)
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(fiber)
      const made = yield* client.made({})
      assert.isAtLeast(made, 100)
      yield* Effect.repeatN(client.square({ x: 1 }), 20)
      assert.isAtMost((yield* client.made({})) - made, 8)
    })
  )

  live(
    "a defect of one handler is the answer to its request only",
    Effect.gen(function*() {
      const { client } = yield* started
      const hanging = yield* Effect.fork(client.hang({}))
      const exit = yield* Effect.exit(client.die({}))
      const cause = Exit.isFailure(exit) ? exit.cause : Cause.empty
      assert.isTrue(Cause.isDie(cause))
      assert.include(Cause.pretty(cause), "a bug")
      assert.strictEqual(yield* client.square({ x: 3 }), 9)
      assert.isTrue((yield* Fiber.poll(hanging))._tag === "None")
    })
  )

  live(
    "one that dies fails what is under way and all that comes after, with its last words",
    Effect.gen(function*() {
      const { client } = yield* started
      const hanging = yield* Effect.fork(Effect.flip(client.hang({})))
      const stream = yield* Effect.fork(Effect.flip(Stream.runDrain(client.endless({}))))
      yield* until(client.events({}), (events) => events.includes("begun"))
      const expected = {
        _tag: "RemoteWorkerError",
        reason: "Ended",
        host: "host-1",
        worker: "worker",
        exitCode: 7
      } as const
      const error = yield* Effect.flip(client.exit({ code: 7, words: "disk full" }))
      assert.deepInclude(error, expected)
      assert.deepStrictEqual(error.log, ["disk full"])
      assert.isDefined(error.hint)
      assert.deepInclude(yield* Fiber.join(hanging), expected)
      assert.deepInclude(yield* Fiber.join(stream), expected)
      assert.deepInclude(yield* Effect.flip(client.square({ x: 1 })), expected)
      assert.deepInclude(yield* Effect.flip(Stream.runDrain(client.count({ to: 1 }))), expected)
    })
  )

  live(
    "its scope ends it: handlers are interrupted, its layer is released, its process is gone",
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const runtime = yield* Runtime.make("host-1")
      const client = yield* Scope.extend(RemoteWorker.start(runtime, worker), scope)
      const { pid } = yield* client.place({})
      const hanging = yield* Effect.fork(client.hang({}))
      assert.isTrue(yield* lives(pid))
      lines.length = 0
      yield* Scope.close(scope, Exit.void)
      assert.isFalse(yield* lives(pid))
      assert.isTrue(Exit.isInterrupted(yield* Fiber.await(hanging)))
      assert.isTrue(Exit.isInterrupted(yield* Effect.exit(client.square({ x: 1 }))))
    })
  )
})

describe("a worker that cannot be started", () => {
  const refused = (
    of: Partial<Parameters<typeof RemoteWorker.make<never>>[0]> & { readonly layer?: string },
    options?: RemoteWorker.StartOptions
  ) =>
    Effect.flatMap(
      Runtime.make("host-1"),
      (runtime) =>
        Effect.flip(RemoteWorker.start(runtime, RemoteWorker.make({ module: at, ...of, group: Work }), options))
    )

  live(
    "says that its layer failed, and why",
    Effect.gen(function*() {
      const error = yield* refused({ layer: "failing" })
      assert.deepInclude(error, { reason: "Load", step: "start", exitCode: 1 })
      assert.include(error.log?.join("\n"), "there is no licence")
    })
  )

  live(
    "says that its module throws, and where",
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* fs.makeTempDirectoryScoped({ directory: "test/tasks/workers" })
      yield* fs.writeFileString(
        `${directory}/broken.ts`,
        "export { Work as group, Work as layer } from \"../requests.ts\"\n\nthrow new Error(\"broken\")\n"
      )
      const error = yield* refused({ module: `${directory}/broken.ts` })
      assert.deepInclude(error, { reason: "Load", worker: "broken", exitCode: 1 })
      assert.match(error.log?.join("\n") ?? "", /Error: broken\n.*broken\.ts:3:7/)
    })
  )

  live(
    "says that it is not ready in time",
    Effect.gen(function*() {
      const error = yield* refused({ layer: "slow" }, { startTimeout: "3 seconds" })
      assert.deepInclude(error, { reason: "NotReady", step: "start" })
    })
  )

  live(
    "says what cannot be bundled, and what is not exported",
    Effect.gen(function*() {
      assert.deepInclude(yield* refused({ module: "./nowhere.ts" }), { reason: "Source" })
      assert.deepInclude(yield* refused({ layer: "other" }), { reason: "Source" })
    })
  )

  live(
    "says that there is no Node",
    Effect.gen(function*() {
      const error = yield* refused({}, { interpreter: "/nowhere/node" })
      assert.deepInclude(error, { reason: "Interpreter", exitCode: 127 })
      assert.include(error.hint, "Node 18")
    })
  )
})
