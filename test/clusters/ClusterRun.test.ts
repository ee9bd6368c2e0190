import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import * as Cluster from "../../src/clusters/Cluster.ts"
import { addressWord, ClusterPlan } from "../../src/clusters/ClusterPlan.ts"
import * as ClusterRun from "../../src/clusters/ClusterRun.ts"
import { ClusterRunError } from "../../src/clusters/ClusterRunError.ts"
import type { Handler } from "../../src/testing/InMemoryHost.ts"
import * as InMemorySsh from "../../src/testing/InMemorySsh.ts"
import { blueprint, server } from "./memoryCluster.ts"
import { cluster, on } from "./supervised.ts"

/** The stand-ins, and programs that use the cluster: they are called `server`, too. */
const programs: Handler = (process) => {
  const { argv, env, host, stderr, stdout } = process
  switch (argv[1]) {
    case "ask":
      return Effect.gen(function*() {
        yield* stdout(`${host} asks ${env["MASTER"]} ${env["MORE"] ?? ""}\n`)
        yield* stderr("one\ntwo\n")
        return Number(argv[2])
      })
    case "echo": {
      const told: Effect.Effect<number> = Effect.flatMap(
        process.readLine,
        Option.match({
          onNone: () => Effect.as(stderr("no more\n"), 3),
          onSome: (line) => Effect.zipRight(stdout(`${line}!\n`), Effect.suspend(() => told))
        })
      )
      return told
    }
    // As Python's `print` does where nothing is buffered.
    case "pieces":
      return Effect.as(Effect.forEach(["one", "\ntw", "o\r\n", "\n", "three"], stdout), 0)
    case "endless":
      return Effect.zipRight(stdout("here\n"), Effect.never)
    default:
      return server(process)
  }
}

const made = {
  ...blueprint(),
  plan: (placement: Parameters<ReturnType<typeof blueprint>["plan"]>[0]) =>
    ClusterPlan.make({
      ...blueprint().plan(placement),
      variables: { MASTER: addressWord("http://", "master", "http") }
    })
}

const world = on(["a", "b"], { server: programs })
const started = Effect.map(cluster(["a", "b"], made), ({ cluster: running }) => running)

describe("a program against a cluster", () => {
  it.effect("runs on the manager or on a host, with the cluster's addresses, its outputs apart", () =>
    Effect.gen(function*() {
      const running = yield* started
      const heard: Array<string> = []
      const result = yield* Cluster.run(running, ClusterRun.command("server", "ask", "0"), {
        env: { MORE: "and more" },
        onLine: (from, line) => Effect.sync(() => heard.push(`${from}: ${line}`))
      })
      assert.deepStrictEqual(result, {
        host: "(manager)",
        code: 0,
        signal: undefined,
        stdout: "(manager) asks http://127.0.0.1:8786 and more\n",
        stderr: "one\ntwo\n"
      })
      assert.deepStrictEqual(heard.toSorted(), ["stderr: one", "stderr: two", `stdout: ${result.stdout.trimEnd()}`])
      const there = yield* Cluster.run(running, ClusterRun.command("server", "ask", "0"), { host: "b" })
      assert.strictEqual(there.stdout, "b asks http://127.0.0.1:8786 \n")
    }).pipe(Effect.scoped, world))

  it.effect("that fails is an error with its code and last lines, or a code", () =>
    Effect.gen(function*() {
      const running = yield* started
      const program = ClusterRun.command("server", "ask", "3")
      const error = yield* Effect.flip(Cluster.run(running, program, { host: "a" }))
      if (!(error instanceof ClusterRunError)) return assert.fail(error.message)
      assert.deepStrictEqual([error.reason, error.host, error.step, error.code], ["Failed", "a", "server ask 3", 3])
      assert.deepStrictEqual(error.log, ["a asks http://127.0.0.1:8786 ", "one", "two"])
      assert.strictEqual((yield* Cluster.run(running, program, { check: false })).code, 3)
      const missing = yield* Effect.flip(Cluster.run(running, ClusterRun.command("nowhere")))
      assert.deepStrictEqual(missing._tag === "ClusterRunError" ? [missing.reason, missing.code] : [], [
        "NotStarted",
        127
      ])
      const stranger = yield* Effect.flip(Cluster.run(running, program, { host: "c" }))
      assert.include(stranger.message, "its hosts: a, b; without `host` it runs on the manager")
    }).pipe(Effect.scoped, world))

  it.effect("is heard line by line, however it writes them", () =>
    Effect.gen(function*() {
      const heard: Array<string> = []
      const { stdout } = yield* ClusterRun.run(yield* started, ClusterRun.command("server", "pieces"), {
        onLine: (_, line) => Effect.sync(() => heard.push(line))
      })
      assert.deepStrictEqual(heard, ["one", "two", "", "three"])
      assert.strictEqual(stdout, "one\ntwo\r\n\nthree")
    }).pipe(Effect.scoped, world))

  it.effect("is a stream of what happens", () =>
    Effect.gen(function*() {
      const running = yield* started
      const events = yield* Stream.runCollect(ClusterRun.stream(running, ClusterRun.command("server", "ask", "0")))
      const tags = Chunk.toReadonlyArray(events).map(({ _tag }) => _tag)
      assert.deepStrictEqual(tags, ["Started", "Output", "Output", "Exited"])
    }).pipe(Effect.scoped, world))

  it.effect("has streams of others as its own, and any exit code is a value", () =>
    Effect.gen(function*() {
      const running = yield* started
      const said = { stdout: "", stderr: "" }
      const hear = (from: "stdout" | "stderr") =>
        Sink.forEach((bytes: Uint8Array) => Effect.sync(() => void (said[from] += new TextDecoder().decode(bytes))))
      const ended = yield* ClusterRun.attach(running, ClusterRun.command("server", "echo"), {
        stdin: Stream.encodeText(Stream.make("one\nt", "wo\n")),
        stdout: hear("stdout"),
        stderr: hear("stderr")
      })
      assert.deepStrictEqual(ended, { host: "(manager)", code: 3, signal: undefined })
      assert.deepStrictEqual(said, { stdout: "one!\ntwo!\n", stderr: "no more\n" })
    }).pipe(Effect.scoped, world))

  it.effect("ends as by SIGPIPE where nobody takes its output any more", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh.InMemorySsh
      const running = yield* started
      const ended = yield* ClusterRun.attach(running, ClusterRun.command("server", "endless"), {
        stdin: Stream.never,
        stdout: Sink.fail("gone"),
        stderr: Sink.drain
      }, { host: "a" })
      assert.deepStrictEqual(ended, { host: "a", code: 141, signal: "PIPE" })
      const left = (yield* hosts.processes("a")).filter(({ argv }) => argv.includes("endless"))
      assert.deepStrictEqual(left, [])
    }).pipe(Effect.scoped, world))

  it.effect("ends when it is interrupted; the cluster goes on", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh.InMemorySsh
      const running = yield* started
      const here = yield* Deferred.make<void>()
      const alive = Effect.map(hosts.processes("a"), (all) => all.filter(({ argv }) => argv.includes("endless")).length)
      const fiber = yield* Effect.fork(Cluster.run(running, ClusterRun.command("server", "endless"), {
        host: "a",
        onLine: () => Deferred.succeed(here, undefined)
      }))
      yield* Deferred.await(here)
      assert.strictEqual(yield* alive, 1)
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(yield* alive, 0)
      assert.strictEqual((yield* running.status).healthy, true)
    }).pipe(Effect.scoped, world))
})
