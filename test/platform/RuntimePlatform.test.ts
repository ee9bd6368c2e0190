/** What is so of commands on a runtime, and of no other ones. */
import * as Command from "@effect/platform/Command"
import { SystemError } from "@effect/platform/Error"
import * as Path from "@effect/platform/Path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Ref from "effect/Ref"
import * as Scope from "effect/Scope"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { posix } from "node:path"
import { pathToFileURL } from "node:url"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import { SshError } from "../../src/services/SshError.ts"
import * as InMemorySsh from "../../src/testing/InMemorySsh.ts"

const running = (argv: string) =>
  Effect.flatMap(
    InMemorySsh.InMemorySsh,
    (hosts) => Effect.map(hosts.processes("host-1"), (all) => all.filter((each) => each.argv.join(" ") === argv).length)
  )

const settled = Effect.replicateEffect(Effect.yieldNow(), 500)

describe("commands on a runtime", () => {
  it.effect("have its environment and working directory, and those of its views", () =>
    Effect.gen(function*() {
      const runtime = yield* Runtime.make("host-1", { environment: { A: "runtime" } })
      const line = Command.make("sh", "-c", "echo $A $WORKING_DIR; pwd")
      const on = (runtime: Runtime.Runtime) => Effect.provide(Command.lines(line), Runtime.platform(runtime))
      const { workingDirectory } = runtime
      assert.deepStrictEqual(yield* on(runtime), [`runtime ${workingDirectory}`, workingDirectory])
      const view = Runtime.withEnvironment(runtime, { A: "view" })
      assert.deepStrictEqual(yield* on(view), [`view ${workingDirectory}`, workingDirectory])
    }).pipe(InMemorySsh.check(["host-1"])))

  it.effect("end with it, whoever still holds them", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const runtime = yield* Scope.extend(Runtime.make("host-1"), scope)
      const outer = yield* Scope.make()
      yield* Command.start(Command.make("sleep", "1000")).pipe(
        Effect.provide(Runtime.platform(runtime)),
        Scope.extend(outer)
      )
      yield* settled
      assert.strictEqual(yield* running("sleep 1000"), 1)
      const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
      yield* TestClock.adjust("20 seconds")
      yield* Fiber.join(closing)
      assert.strictEqual(yield* running("sleep 1000"), 0)
      const rest = yield* Effect.fork(Scope.close(outer, Exit.void))
      yield* TestClock.adjust("30 seconds")
      yield* Fiber.join(rest)
    }).pipe(InMemorySsh.check(["host-1"])))

  it.effect("fail with UnexpectedEof, and the SshError as its cause, when the link is lost", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh.InMemorySsh
      const runtime = yield* Runtime.make("host-1")
      const fiber = yield* Effect.fork(
        Effect.provide(Effect.flip(Command.string(Command.make("sleep", "1000"))), Runtime.platform(runtime))
      )
      yield* settled
      yield* hosts.cut("host-1")
      yield* TestClock.adjust("20 seconds")
      const error = yield* Fiber.join(fiber)
      assert.instanceOf(error, SystemError)
      assert.strictEqual(error.reason, "UnexpectedEof")
      assert.instanceOf(error.cause, SshError)
      assert.strictEqual(error.cause.reason, "LinkLost")
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(yield* running("sleep 1000"), 0)
    }).pipe(InMemorySsh.check(["host-1"])))

  it.effect("send no byte of a pipe through the manager", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh.InMemorySsh
      const runtime = yield* Runtime.make("host-1")
      const before = (yield* hosts.record).length
      const pipe = Command.make("echo", "a").pipe(
        Command.pipeTo(Command.make("cat")),
        Command.pipeTo(Command.make("wc", "-c"))
      )
      assert.strictEqual((yield* Effect.provide(Command.string(pipe), Runtime.platform(runtime))).trim(), "2")
      const execs = (yield* hosts.record).slice(before).flatMap((entry) => entry._tag === "Exec" ? [entry.argv[0]] : [])
      assert.deepStrictEqual(execs.toSorted(), ["cat", "echo", "wc"])
    }).pipe(InMemorySsh.check(["host-1"])))

  it.effect("inherit what the executor is told, and are seen before they have ended", () =>
    Effect.gen(function*() {
      const runtime = yield* Runtime.make("host-1")
      const said = yield* Ref.make("")
      const note = (from: string) =>
        Sink.forEach((bytes: Uint8Array) =>
          Ref.update(said, (text) => `${text}${from}:${new TextDecoder().decode(bytes)}`)
        )
      const inherited = {
        stdin: Stream.encodeText(Stream.make("typed\n")),
        stdout: note("out"),
        stderr: note("err")
      }
      const command = Command.make("sh", "-c", "cat; cat nowhere; exit 3").pipe(
        Command.stdin("inherit"),
        Command.stdout("inherit"),
        Command.stderr("inherit")
      )
      const code = yield* Effect.provide(Command.exitCode(command), Runtime.platform(runtime, { inherited }))
      assert.strictEqual(code, 3)
      assert.include(yield* Ref.get(said), "out:typed\n")
      assert.include(yield* Ref.get(said), "err:cat: ")
      // One that does not end a pipe shows what it says all the same.
      const loud = Command.make("sh", "-c", "cat nowhere; echo on").pipe(Command.stderr("inherit"))
      yield* Ref.set(said, "")
      const on = Command.pipeTo(loud, Command.make("cat"))
      assert.strictEqual(yield* Effect.provide(Command.string(on), Runtime.platform(runtime, { inherited })), "on\n")
      assert.include(yield* Ref.get(said), "err:cat: ")
    }).pipe(InMemorySsh.check(["host-1"])))
})

describe("paths on a runtime", () => {
  it.effect("resolve as programs there would, whatever the directory of the manager is", () =>
    Effect.gen(function*() {
      const runtime = yield* Runtime.make("host-1", { workingDirectory: "/data/it's here" })
      yield* Effect.gen(function*() {
        const path = yield* Path.Path
        const from = "/data/it's here"
        for (const each of [".", "..", "a", "a/../b/", "../../..", "/x", "~", ""]) {
          assert.strictEqual(path.resolve(each), posix.resolve(from, each))
          assert.strictEqual(path.relative(each, "/data/x"), posix.relative(posix.resolve(from, each), "/data/x"))
        }
        assert.strictEqual(path.resolve("a", "/b", "c"), "/b/c")
        assert.strictEqual(path.join("a", "..", "b"), "b")
        assert.strictEqual((yield* path.toFileUrl("a b/")).href, pathToFileURL(`${from}/a b/`).href)
        assert.strictEqual(yield* path.fromFileUrl(new URL("file:///a%20b")), "/a b")
        assert.strictEqual((yield* Effect.flip(path.fromFileUrl(new URL("http://x/a"))))._tag, "BadArgument")
      }).pipe(Effect.provide(Runtime.platform(runtime)))
    }).pipe(InMemorySsh.check(["host-1"])))
})
