/** Programs with input and output in bytes, on hosts in memory. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import { SystemError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import * as RuntimeProgram from "../../src/runtimes/RuntimeProgram.ts"
import * as ExecutionLog from "../../src/services/ExecutionLog.ts"
import { InMemorySsh, layer } from "../../src/testing/InMemorySsh.ts"

const bytes = new Uint8Array([0xff, 0x00, 0x0a, 0xfe])

const world = layer(["host-1"], {
  commands: {
    copy: ({ stdin, stdout }) => Effect.as(Stream.runForEach(stdin, stdout), 0),
    words: ({ argv, cwd, env, stderr, stdout }) =>
      Effect.zipRight(
        Effect.zipRight(stdout(JSON.stringify([...argv, cwd, env["A"]])), stderr("no\n")),
        Effect.succeed(3)
      ),
    server: () => Effect.never
  }
})

const log = Layer.unwrapScoped(
  Effect.map(
    Effect.flatMap(FileSystem.FileSystem, (fs) => fs.makeTempDirectoryScoped()),
    (directory) => ExecutionLog.layer({ directory })
  )
).pipe(Layer.provideMerge(NodeContext.layer))

const provided = Layer.merge(world, log)

describe("a program on a runtime", () => {
  it.effect("gets its arguments as they are, and its exit code is no error", () =>
    Effect.gen(function*() {
      const runtime = yield* Runtime.make("host-1", { workingDirectory: "~" })
      const ended = yield* RuntimeProgram.run(runtime, ["words", "it's", "$HOME *", ""], { env: { A: "1" } })
      assert.deepStrictEqual(JSON.parse(ended.stdout), ["words", "it's", "$HOME *", "", runtime.facts.home, "1"])
      assert.deepInclude(ended, { host: "host-1", exitCode: 3, stderr: "no\n", dropped: { stdout: 0, stderr: 0 } })
      const fs = yield* FileSystem.FileSystem
      const written = yield* fs.readFileString(ended.logFile ?? "")
      assert.match(written, /^# task run on host-1, \S+Z\n# step 0: run words 'it'\\''s' '\$HOME \*' ''\n/)
      assert.include(written, "\nno\n")
      assert.match(written, /# step 0 failed after .*: the program ended with exit code 3\n$/)
      assert.notInclude(written, "A=1")
    }).pipe(Effect.scoped, Effect.provide(provided)))

  it.effect("is a line of shell where it is one text", () =>
    Effect.gen(function*() {
      const runtime = yield* Runtime.make("host-1")
      assert.strictEqual((yield* RuntimeProgram.run(runtime, "echo a | copy; echo b")).stdout, "a\nb\n")
    }).pipe(Effect.scoped, Effect.provide(provided)))

  it.effect("reads its input and prints byte for byte", () =>
    Effect.gen(function*() {
      const runtime = yield* Runtime.make("host-1")
      const heard: Array<number> = []
      const { exitCode } = yield* RuntimeProgram.run(runtime, ["copy"], {
        streams: {
          stdin: Stream.make(bytes, bytes),
          stdout: Sink.forEach((chunk) => Effect.sync(() => void heard.push(...chunk)))
        }
      })
      assert.strictEqual(exitCode, 0)
      assert.deepStrictEqual(heard, [...bytes, ...bytes])
    }).pipe(Effect.scoped, Effect.provide(provided)))

  it.effect("ends as by SIGPIPE where whoever reads its output has gone", () =>
    Effect.gen(function*() {
      const runtime = yield* Runtime.make("host-1")
      const gone = new SystemError({ reason: "Unknown", module: "Stream", method: "stdout", description: "EPIPE" })
      const { exitCode } = yield* RuntimeProgram.run(runtime, "echo a; server", {
        streams: { stdout: Sink.forEach(() => Effect.fail(gone)) }
      })
      assert.strictEqual(exitCode, 141)
    }).pipe(Effect.scoped, Effect.provide(provided)))

  it.effect("keeps the end of much output, and ends with one whose input never does", () =>
    Effect.gen(function*() {
      const runtime = yield* Runtime.make("host-1")
      const ended = yield* RuntimeProgram.run(runtime, "echo 0123456789", {
        outputLimit: 4,
        streams: { stdin: Stream.never }
      })
      assert.deepInclude(ended, { stdout: "789\n", dropped: { stdout: 7, stderr: 0 } })
    }).pipe(Effect.scoped, Effect.provide(provided)))

  it.effect("ends when it is interrupted, and its log says so", () =>
    Effect.gen(function*() {
      const runtime = yield* Runtime.make("host-1")
      const hosts = yield* InMemorySsh
      const fiber = yield* Effect.fork(RuntimeProgram.run(runtime, ["server"], { name: "mine" }))
      const servers = Effect.map(
        hosts.processes("host-1"),
        (all) => all.filter(({ argv }) => argv[0] === "server").length
      )
      yield* Effect.repeat(Effect.zipRight(Effect.yieldNow(), servers), { until: (count) => count === 1 })
      assert.strictEqual(yield* Runtime.running(runtime), 1)
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(yield* servers, 0)
      assert.strictEqual(yield* Runtime.running(runtime), 0)
    }).pipe(Effect.scoped, Effect.provide(provided)))
})
