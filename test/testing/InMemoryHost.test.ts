import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"
import { Ssh } from "../../src/services/Ssh.ts"
import * as InMemoryHost from "../../src/testing/InMemoryHost.ts"
import { InMemorySsh, layer } from "../../src/testing/InMemorySsh.ts"
import { host, run, start, text } from "./memoryClient.ts"

const connect = Effect.flatMap(Ssh, (ssh) => ssh.connect(host("host-1")))

const sh = (line: string) => Effect.flatMap(connect, (connection) => run(connection, ["sh", "-c", line]))

const world = layer(
  ["host-1", { alias: "host-2", commands: { tool: InMemoryHost.reply({ stdout: "of host-2\n" }) } }],
  {
    commands: {
      tool: InMemoryHost.reply({ stdout: "of all\n", stderr: "careful\n", code: 3 }),
      slow: InMemoryHost.reply({ stdout: "done\n", duration: "3 seconds" }),
      greet: InMemoryHost.reply(({ argv, cwd, env }) => ({ stdout: `${argv[1]} ${env["NAME"]} ${cwd}\n` })),
      shout: InMemoryHost.reply(({ stdin }) => Effect.map(stdin, (said) => ({ stdout: said.toUpperCase() }))),
      "python -m http.server": InMemoryHost.reply({ stdout: "serving\n" }),
      "a whole | line": InMemoryHost.reply({ stdout: "as one\n" })
    },
    matches: [
      { when: /^git (clone|fetch)/, run: InMemoryHost.reply({ stderr: "fatal: no network\n", code: 128 }) },
      { when: ([name]) => name === "git", run: InMemoryHost.reply(({ argv }) => ({ stdout: `git ${argv[1]}\n` })) }
    ]
  }
)

describe("what a test scripts", () => {
  it.scoped("by name, the host's own before that of all", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* sh("tool"), { stdout: "of all\n", stderr: "careful\n", exit: { code: 3 } })
      const other = yield* Effect.flatMap(Ssh, (ssh) => ssh.connect(host("host-2")))
      assert.strictEqual((yield* run(other, ["/opt/bin/tool"])).stdout, "of host-2\n")
    }).pipe(Effect.provide(world)))

  it.scoped("by a pattern, by a function, by a module of Python, by a whole line", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual((yield* sh("git clone x || echo $?")).stdout, "128\n")
      assert.strictEqual((yield* sh("git status")).stdout, "git status\n")
      assert.strictEqual((yield* sh("python3 -m http.server 80")).stdout, "serving\n")
      assert.strictEqual((yield* sh("a whole | line")).stdout, "as one\n")
      assert.deepStrictEqual((yield* sh("git clone a b")).exit, { code: 128 })
    }).pipe(Effect.provide(world)))

  it.scoped("with words, environment, directory and input", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* sh("cd /tmp; NAME=you greet hello | cat")).stdout, "hello you /tmp\n")
      assert.strictEqual((yield* sh("printf 'a\\nb\\n' | shout")).stdout, "A\nB\n")
    }).pipe(Effect.provide(world)))

  it.scoped("for as long as it says, on the clock of the test", () =>
    Effect.gen(function*() {
      const process = yield* start(yield* connect, ["slow"])
      const printed = yield* Effect.fork(text(process.stdout))
      yield* TestClock.adjust("2900 millis")
      assert.isTrue(Option.isNone(yield* Fiber.poll(printed)))
      yield* TestClock.adjust("100 millis")
      assert.strictEqual(yield* Fiber.join(printed), "done\n")
    }).pipe(Effect.provide(world)))

  it.scoped("an unknown command is told as a shell tells it", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* sh("nvcc --version"), {
        stdout: "",
        stderr: "sh: 1: nvcc: not found\n",
        exit: { code: 127 }
      })
    }).pipe(Effect.provide(world)))
})

describe("a line of shell", () => {
  it.scoped("is on record with what it started, and leaves nothing", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      yield* sh("mkdir -p out && tool > out/log; echo kept")
      const asked = yield* hosts.commandsOn("host-1")
      assert.deepStrictEqual(asked, [
        ["sh", "-c", "mkdir -p out && tool > out/log; echo kept"],
        ["mkdir", "-p", "out"],
        ["tool"]
      ])
      assert.deepStrictEqual(yield* hosts.leftovers, [])
    }).pipe(Effect.provide(world)))

  it.scoped("a program in the place of its shell gets the shell's signals; one of several has its own", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const connection = yield* connect
      const alone = yield* start(connection, ["sh", "-c", "cd /tmp && sleep 60"])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual((yield* hosts.processes("host-1")).map(({ argv, cwd }) => [argv, cwd]), [
        [["sleep", "60"], "/tmp"]
      ])
      yield* hosts.kill("host-1", "sleep")
      assert.deepStrictEqual(yield* alone.exit, { code: 137, signal: "KILL" })
      const several = yield* start(connection, ["sh", "-c", "sleep 60; exit 4"])
      yield* TestClock.adjust("1 second")
      assert.lengthOf(yield* hosts.processes("host-1"), 2)
      yield* hosts.kill("host-1", "sleep")
      assert.deepStrictEqual(yield* several.exit, { code: 4 })
    }).pipe(Effect.provide(world)))

  it.scoped("a reader that ends early ends the writer", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      assert.strictEqual((yield* sh("while echo more; do :; done | head -n 2")).stdout, "more\nmore\n")
      assert.deepStrictEqual(yield* hosts.processes("host-1"), [])
    }).pipe(Effect.provide(world)))
})
