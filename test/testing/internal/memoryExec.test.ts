import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { pythonArgv, pythonInput } from "../../../src/internal/shipping.ts"
import { Ssh } from "../../../src/services/Ssh.ts"
import type { SshError } from "../../../src/services/SshError.ts"
import type { Handler } from "../../../src/testing/InMemoryHost.ts"
import { InMemorySsh, layer } from "../../../src/testing/InMemorySsh.ts"
import { host, run, start, text } from "../memoryClient.ts"

const connect = Effect.flatMap(Ssh, (ssh) => ssh.connect(host("host-1")))

const bytes = (value: string) => new TextEncoder().encode(value)

describe("commands", () => {
  const built: ReadonlyArray<readonly [argv: ReadonlyArray<string>, stdout: string, code: number]> = [
    [["true"], "", 0],
    [["false"], "", 1],
    [["echo", "a", " b\n"], "a  b\n\n", 0],
    [["pwd"], "/home/user\n", 0],
    [["cat", "here"], "text", 0],
    [["/usr/bin/cat", "none"], "", 1],
    [["test", "-e", "here"], "", 0],
    [["test", "-d", "here"], "", 1],
    [["test", "-f", "none"], "", 1],
    [["mkdir", "-p", "a/b"], "", 0],
    [["rm", "-rf", "here"], "", 0],
    [["env", "A=1", "echo", "x"], "x\n", 0],
    [["sh", "-c", "echo Hello 'big World'!"], "Hello big World!\n", 0],
    [["sh", "-c", "scripted | line"], "piped\n", 0],
    [["by-match", "7"], "matched 7\n", 0]
  ]
  for (const [argv, stdout, code] of built) {
    it.scoped(argv.join(" "), () =>
      Effect.gen(function*() {
        const result = yield* run(yield* connect, argv)
        assert.strictEqual(result.stdout, stdout)
        assert.deepStrictEqual(result.exit, { code })
      }).pipe(Effect.provide(layer([{ alias: "host-1", files: { here: "text" } }], {
        commands: { "scripted | line": ({ stdout }) => Effect.as(stdout("piped\n"), 0) },
        matches: [{
          when: ([name]) => name === "by-match",
          run: ({ argv, stdout }) => Effect.as(stdout(`matched ${argv[1]}\n`), 0)
        }]
      }))))
  }

  it.scoped("an unknown one is not found; a line that is not understood says so, and nothing of it runs", () =>
    Effect.gen(function*() {
      const connection = yield* connect
      const unknown = yield* run(connection, ["no-such", "x"])
      assert.deepStrictEqual(unknown, { stdout: "", stderr: "sh: 1: no-such: not found\n", exit: { code: 127 } })
      assert.deepStrictEqual(yield* run(connection, ["sh", "-c", "echo a; case x in x) echo b ;; esac"]), {
        stdout: "",
        stderr:
          "sh: 1: InMemorySsh: `case x in x) echo b ;; esac` is not understood here: script this line in `commands`\n",
        exit: { code: 2 }
      })
    }).pipe(Effect.provide(layer(["host-1"]))))

  it.scoped("run sets directory and environment; a directory that is none is 125", () =>
    Effect.gen(function*() {
      const connection = yield* connect
      const result = yield* run(connection, ["env"], { cwd: "/tmp", env: ["A=b=c", "B=it's\n$"] })
      assert.include(result.stdout, "A=b=c\nB=it's\n$\n")
      assert.include(result.stdout, "HOME=/home/user\n")
      assert.strictEqual((yield* run(connection, ["pwd"], { cwd: "/tmp" })).stdout, "/tmp\n")
      assert.strictEqual((yield* run(connection, ["pwd"], { cwd: "/none" })).exit.code, 125)
      assert.strictEqual((yield* run(connection, ["pwd"], { sessions: "/none/sessions" })).exit.code, 125)
    }).pipe(Effect.provide(layer(["host-1"]))))

  it.scoped("standard input arrives whole, its end too", () =>
    Effect.gen(function*() {
      const process = yield* start(yield* connect, ["cat"])
      const sent = "x".repeat(300_000)
      const got = yield* Effect.fork(text(process.stdout))
      yield* process.write(sent)
      yield* process.endInput
      assert.strictEqual(yield* Fiber.join(got), sent)
      assert.deepStrictEqual(yield* process.exit, { code: 0 })
    }).pipe(Effect.provide(layer(["host-1"]))))

  it.scoped("sleep takes the time of the clock", () =>
    Effect.gen(function*() {
      const process = yield* start(yield* connect, ["sleep", "1.5"])
      const exit = yield* Effect.fork(process.exit)
      yield* TestClock.adjust("1400 millis")
      assert.isTrue(Option.isNone(yield* Fiber.poll(exit)))
      yield* TestClock.adjust("100 millis")
      assert.deepStrictEqual(yield* Fiber.join(exit), { code: 0 })
    }).pipe(Effect.provide(layer(["host-1"]))))

  it.scoped("a python program of ours is found by its name and has its words", () =>
    Effect.gen(function*() {
      const program = { name: "function", language: "python" as const, source: "" }
      const process = yield* start(yield* connect, pythonArgv(program, "/usr/bin/python3"))
      yield* process.write(pythonInput(program, ["a", "b c"]))
      yield* process.write("rest\n")
      assert.strictEqual(yield* text(process.stdout), "lazycluster-function|a|b c|rest")
    }).pipe(Effect.provide(layer(["host-1"], {
      commands: {
        "lazycluster-function": ({ argv, readLine, stdout }) =>
          Effect.flatMap(readLine, (line) => Effect.as(stdout([...argv, Option.getOrThrow(line)].join("|")), 0))
      }
    }))))

  it.scoped("a program that dies of a defect is a crash, told on stderr", () =>
    Effect.gen(function*() {
      const crash = yield* run(yield* connect, ["broken"])
      assert.deepStrictEqual(crash.exit, { code: 134, signal: "ABRT" })
      assert.include(crash.stderr, "a bug")
    }).pipe(Effect.provide(layer(["host-1"], { commands: { broken: () => Effect.dieMessage("a bug") } }))))

  it.scoped("KILL does not wait for what a program does at its end, and frees its ports", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const connection = yield* connect
      const process = yield* start(connection, ["slow-to-end"])
      const [line] = Chunk.toReadonlyArray(yield* Stream.runCollect(Stream.take(process.stdout, 1)))
      assert.deepStrictEqual(line, bytes("up"))
      yield* hosts.kill("host-1", "slow-to-end")
      assert.deepStrictEqual(yield* process.exit, { code: 137, signal: "KILL" })
      assert.strictEqual((yield* connection.listen({ port: 700 })).port, 700)
    }).pipe(Effect.provide(layer(["host-1"], {
      commands: {
        "slow-to-end": ({ listen, stdout }) =>
          Effect.orDie(listen({ port: 700 })).pipe(
            Effect.zipRight(stdout("up")),
            Effect.zipRight(Effect.onInterrupt(Effect.never, () => Effect.sleep("1 hour")))
          )
      }
    }))))
})

describe("output", () => {
  const talker: Handler = ({ stdout }) => Effect.forever(stdout(bytes("x".repeat(4096))))

  it.scoped("a process stalls when nobody reads, and dies of PIPE when the channel closes", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const scope = yield* Scope.make()
      const process = yield* Scope.extend(Effect.flatMap(connect, (c) => start(c, ["talker"])), scope)
      yield* TestClock.adjust("1 second")
      assert.lengthOf(yield* hosts.processes("host-1"), 1)
      assert.strictEqual(Chunk.size(yield* Stream.runCollect(Stream.take(process.stdout, 1))), 1)
      yield* Scope.close(scope, Exit.void)
      yield* TestClock.adjust("1 second")
      assert.lengthOf(yield* hosts.processes("host-1"), 0)
      const last = (yield* hosts.record).filter(({ _tag }) => _tag === "Exited").pop()
      assert.deepInclude(last, { code: 141, signal: "PIPE" })
    }).pipe(Effect.provide(layer(["host-1"], { commands: { talker } }))))

  it.scoped("a silent process survives its channel", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      yield* Effect.scoped(Effect.flatMap(connect, (c) => start(c, ["sleep", "60"])))
      assert.lengthOf(yield* hosts.processes("host-1"), 1)
      yield* TestClock.adjust("1 minute")
      assert.lengthOf(yield* hosts.processes("host-1"), 0)
    }).pipe(Effect.provide(layer(["host-1"]))))
})

describe("files", () => {
  it.scoped("write, read, list, stat, rename, remove", () =>
    Effect.gen(function*() {
      const files = yield* Effect.flatMap(connect, (connection) => connection.files)
      yield* files.makeDirectory("a/b")
      yield* files.makeDirectory("a/b")
      yield* files.write("a/one", Stream.make(bytes("on"), bytes("e")), 0o600)
      yield* files.write("/home/user/a/two", Stream.make(bytes("two")))
      assert.deepStrictEqual(yield* files.list("a"), ["b", "one", "two"])
      assert.deepInclude(Option.getOrThrow(yield* files.stat("a/one")), { type: "file", size: 3, mode: 0o600 })
      assert.strictEqual(Option.getOrThrow(yield* files.stat("a/two")).mode, 0o644)
      assert.strictEqual(Option.getOrThrow(yield* files.stat("a")).type, "directory")
      assert.isTrue(Option.isNone(yield* files.stat("a/three")))
      yield* files.rename("a/one", "a/two")
      assert.strictEqual(yield* text(files.readAll("a/two", 1)), "ne")
      assert.deepStrictEqual(yield* files.read("a/two", 1, 1), bytes("n"))
      assert.strictEqual((yield* files.read("a/two", 3, 10)).length, 0)
      yield* files.removeFile("a/two")
      yield* files.removeFile("a/two")
      assert.deepStrictEqual(yield* files.list("a"), ["b"])
    }).pipe(Effect.provide(layer(["host-1"]))))

  it.scoped("a large file comes back byte for byte, in pieces", () =>
    Effect.gen(function*() {
      const files = yield* Effect.flatMap(connect, (connection) => connection.files)
      const large = Uint8Array.from({ length: 600_000 }, (_, index) => index % 251)
      yield* files.write("large", Stream.make(large))
      const pieces = Chunk.toReadonlyArray(yield* Stream.runCollect(files.readAll("large")))
      assert.isAbove(pieces.length, 1)
      assert.isTrue(Buffer.concat(pieces).equals(large))
    }).pipe(Effect.provide(layer(["host-1"]))))

  it.scoped("what cannot be done is a Transfer that names the path and why", () =>
    Effect.gen(function*() {
      const files = yield* Effect.flatMap(connect, (connection) => connection.files)
      yield* files.write("file", Stream.make(bytes("")), 0o400)
      yield* files.makeDirectory("locked")
      yield* files.chmod("locked", 0o500)
      const denied: ReadonlyArray<readonly [Effect.Effect<unknown, SshError>, string]> = [
        [files.list("none"), "/home/user/none: No such file or directory"],
        [files.read("none", 0, 1), "/home/user/none: No such file or directory"],
        [files.write("none/x", Stream.empty), "/home/user/none/x: No such file or directory"],
        [files.write("file", Stream.empty), "/home/user/file: Permission denied"],
        [files.write("locked/x", Stream.empty), "/home/user/locked/x: Permission denied"],
        [files.makeDirectory("locked/x"), "/home/user/locked/x: Permission denied"],
        [files.makeDirectory("file/x"), "/home/user/file: File exists"],
        [files.rename("none", "x"), "/home/user/none to /home/user/x: No such file or directory"]
      ]
      for (const [act, detail] of denied) {
        const error = yield* Effect.flip(act)
        assert.deepInclude(error, { reason: "Transfer", host: "host-1", detail })
      }
    }).pipe(Effect.provide(layer(["host-1"]))))
})
