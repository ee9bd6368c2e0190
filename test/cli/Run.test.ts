/** `lazycluster run` on hosts in memory: what runs where, what is printed, how it ends. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { StandardStreams } from "../../src/cli/StandardStreams.ts"
import { InMemorySsh, layer, nothingLeft } from "../../src/testing/InMemorySsh.ts"
import { run } from "./commandLine.ts"
import { over } from "./memoryReach.ts"

const aliases = ["host-1", "host-2", "host-3"]

const world = layer([...aliases, { alias: "big", facts: { cpus: 64 } }], {
  commands: {
    words: ({ argv, cwd, env, stdout }) =>
      Effect.as(stdout(`${JSON.stringify([...argv.slice(1), cwd, env["A"], env["B"]])}\n`), 0),
    who: ({ host, stderr, stdout }) =>
      Effect.as(Effect.zipRight(stdout(`I am ${host}\n`), stderr(`no \u001b[2Jtrouble\n`)), 0),
    fails: ({ argv, stderr }) => Effect.as(stderr("no such luck\n"), Number(argv[1] ?? 1)),
    unlucky: ({ host }) => Effect.succeed(host === "host-2" ? 3 : host === "host-3" ? 4 : 0),
    copy: ({ stdin, stdout }) => Effect.as(Stream.runForEach(stdin, stdout), 0),
    server: () => Effect.never
  }
})

/** A command line, with a folder of its own for logs; and what its program got to read and has printed. */
const typed = (stdin: string, ...words: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const directory = yield* fs.makeTempDirectoryScoped()
    const streams = { out: "", err: "" }
    const sink = (to: "out" | "err") =>
      Sink.forEach((bytes: Uint8Array) => Effect.sync(() => void (streams[to] += new TextDecoder().decode(bytes))))
    const done = yield* run(...words).pipe(
      over(aliases),
      Effect.provideService(StandardStreams, {
        stdin: Stream.make(new TextEncoder().encode(stdin)),
        stdout: sink("out"),
        stderr: sink("err")
      }),
      Effect.withConfigProvider(
        ConfigProvider.fromMap(new Map([["LAZYCLUSTER_DIRECTORY", directory], ["B", "from here"]]))
      )
    )
    yield* nothingLeft
    const hosts = yield* InMemorySsh
    const files = yield* Effect.flatMap(hosts.files("host-1"), (files) => files.list("/home/user"))
    const logs = yield* fs.readDirectory(directory, { recursive: true })
    return { ...done, files, streams, logs: logs.filter((name) => name.endsWith(".jsonl")).sort() }
  }).pipe(Effect.scoped, Effect.provide(Layer.merge(world, NodeContext.layer)))

const lines = (text: string): ReadonlyArray<string> => text.split("\n").filter((line) => line !== "").sort()

describe("lazycluster run on one host", () => {
  it.effect("gives a program its words, variables and directory as they are, and its streams", () =>
    Effect.gen(function*() {
      const words = ["--env", "A=a=1", "--env", "B", "--", "words", "it's", "$HOME *", "--hosts"]
      const { code, err, out, streams } = yield* typed("", "run", "--hosts", "host-2", ...words)
      assert.deepStrictEqual(JSON.parse(streams.out), ["it's", "$HOME *", "--hosts", "/home/user", "a=1", "from here"])
      assert.deepStrictEqual([code, out, err, streams.err], [0, "", "", ""])
    }))

  it.effect("takes one word for a line of shell, and passes standard input", () =>
    Effect.gen(function*() {
      const { logs, streams } = yield* typed("a\nb\n", "run", "--hosts", "host-1", "--", "copy | cat; echo end")
      assert.strictEqual(streams.out, "a\nb\nend\n")
      assert.lengthOf(logs, 1)
      assert.match(logs[0] ?? "", /^execution_log\/host-1\/run_\d{14}\.jsonl$/)
    }))

  it.effect("ends with the code of the program, which has said why", () =>
    Effect.gen(function*() {
      const { code, err, streams } = yield* typed("", "run", "--hosts", "host-1", "--", "fails", "3")
      assert.deepStrictEqual([code, err, streams.err], [3, "", "no such luck\n"])
    }))

  it.effect("takes the host with the least to do", () =>
    Effect.gen(function*() {
      const { err, streams } = yield* typed("", "run", "--", "who")
      assert.deepStrictEqual([streams.out, err], ["I am host-1\n", "on host-1\n"])
    }))

  it.effect("as JSON prints what is known, and nothing else", () =>
    Effect.gen(function*() {
      const { code, err, out, streams } = yield* typed("", "run", "--json", "--hosts", "host-1", "--", "fails", "2")
      const { duration, logFile, ...rest } = JSON.parse(out)
      assert.deepStrictEqual(rest, { host: "host-1", exitCode: 2, stdout: "", stderr: "no such luck\n" })
      assert.isNumber(duration)
      assert.isString(logFile)
      assert.deepStrictEqual([code, err, streams], [2, "", { out: "", err: "" }])
    }))

  it.effect("ends a program that takes too long, with 124", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.fork(typed("", "run", "--hosts", "host-1", "--timeout", "1m", "--", "server"))
      yield* TestClock.adjust("59 seconds")
      assert.isNull(fiber.unsafePoll())
      yield* TestClock.adjust("20 seconds")
      const { code, err } = yield* Fiber.join(fiber)
      assert.strictEqual(err, "host-1: ended, as it ran for more than 1m (--timeout)\n")
      assert.strictEqual(code, 124)
    }))
})

describe("lazycluster run on all hosts", () => {
  it.effect("puts the host before each line, and takes movements out", () =>
    Effect.gen(function*() {
      const { code, err, out } = yield* typed("", "run", "--on-all", "--", "who")
      assert.deepStrictEqual(lines(out), aliases.map((host) => `${host} | I am ${host}`))
      assert.deepStrictEqual(lines(err), aliases.map((host) => `${host} | no trouble`))
      assert.strictEqual(code, 0)
    }))

  it.effect("tells each host that failed, and ends as the first of them", () =>
    Effect.gen(function*() {
      const { code, err, logs } = yield* typed("", "run", "--on-all", "--name", "try", "--", "unlucky")
      assert.deepStrictEqual(lines(err), [
        "host-2: ended with exit code 3",
        "host-3: ended with exit code 4"
      ])
      assert.strictEqual(code, 3)
      assert.lengthOf(logs.filter((name) => name.includes("/try_")), 3)
    }))

  it.effect("says with --dry-run which host would run what, and runs nothing", () =>
    Effect.gen(function*() {
      const asked = ["run", "--on-all", "--dry-run", "--cwd", "fresh", "--setup", "touch seen"]
      const { err, files, logs, out } = yield* typed("", ...asked, "--", "echo", "it's")
      // That of the guardian, while it stands.
      assert.deepStrictEqual(files, [".local"])
      assert.strictEqual(
        out,
        "HOST    COMMAND\nhost-1  echo 'it'\\''s'\nhost-2  echo 'it'\\''s'\nhost-3  echo 'it'\\''s'\n"
      )
      assert.strictEqual(err, "Nothing was run: --dry-run\n")
      assert.deepStrictEqual(logs, [])
    }))
})

describe("lazycluster run for each line", () => {
  it.effect("runs the command with the line in its place, wherever there is room", () =>
    Effect.gen(function*() {
      const { code, err, out } = yield* typed("a b\n\n$HOME\n", "run", "--each", "-", "--", "words", "<{}>", "{}")
      assert.deepStrictEqual(lines(out).map((line) => JSON.parse(line.replace(/^host-\d \| /, ""))[1]).sort(), [
        "$HOME",
        "a b"
      ])
      assert.deepStrictEqual([code, err], [0, "2 done\n"])
    }))

  it.effect("runs the lines themselves, deals them out in turn, and ends as the first that failed", () =>
    Effect.gen(function*() {
      const { code, err, out } = yield* typed("echo a\nfails 7\nfails 5\necho d\n", "run", "--round-robin")
      assert.deepStrictEqual(lines(out), ["host-1 | a", "host-1 | d"])
      assert.deepStrictEqual(lines(err), [
        "4 done, 2 of them failed",
        "host-2 | no such luck",
        "host-2: ended with exit code 7 (fails 7)",
        "host-3 | no such luck",
        "host-3: ended with exit code 5 (fails 5)"
      ])
      assert.strictEqual(code, 7)
    }))
})

describe("lazycluster run refuses", () => {
  const refused = (said: string, ...words: ReadonlyArray<string>) =>
    it.effect(words.join(" "), () =>
      Effect.gen(function*() {
        const { code, err, out } = yield* typed("", "run", ...words)
        assert.include(err, said)
        assert.deepStrictEqual([code, out], [2, ""])
      }))
  refused("wants a command after --", "--hosts", "host-1")
  refused("--env wants NAME=VALUE", "--env", "1x=2", "--", "ls")
  refused("--env NOT_SET: it has no value here", "--env", "NOT_SET", "--", "ls")
  refused("--timeout wants a time", "--timeout", "soon", "--", "ls")
  refused("--on-all and --each exclude each other", "--on-all", "--each", "x", "--", "ls")
  refused("--jobs says how many at a time", "--jobs", "2", "--", "ls")
  refused("--each /nowhere: ", "--each", "/nowhere", "--", "ls")
})
