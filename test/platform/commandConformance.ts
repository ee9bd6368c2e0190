/** What every `CommandExecutor` keeps to, as data. The reference is Node's own. */
import * as Command from "@effect/platform/Command"
import type * as CommandExecutor from "@effect/platform/CommandExecutor"
import { BadArgument, type PlatformError, SystemError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import { assert } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Queue from "effect/Queue"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import type { Case, Services } from "./commandCase.ts"

const sh = (line: string, ...words: ReadonlyArray<string>) => Command.make("/bin/sh", "-c", line, "sh", ...words)

const text = <E, R>(stream: Stream.Stream<Uint8Array, E, R>) => Stream.mkString(Stream.decodeText(stream))

const size = <E, R>(stream: Stream.Stream<Uint8Array, E, R>) =>
  Stream.runFold(stream, 0, (sum, bytes) => sum + bytes.length)

const lives = (pid: number | string) =>
  Effect.map(Command.exitCode(sh("kill -0 \"$1\" 2>/dev/null", String(pid))), (code) => code === 0)

/** A zombie that nobody has taken in yet counts as one that lives. */
const gone = (pid: number | string) =>
  Effect.filterOrFail(lives(pid), (alive) => !alive, () => `${pid} lives`).pipe(
    Effect.retry(Schedule.spaced("50 millis").pipe(Schedule.intersect(Schedule.recurs(100))))
  )

/** The first line that a process prints; what follows can still be read. */
const firstLine = (process: CommandExecutor.Process) =>
  Effect.map(
    Stream.toPull(Stream.splitLines(Stream.decodeText(process.stdout))),
    (pull) => Effect.map(pull, (lines) => Chunk.unsafeHead(lines))
  ).pipe(Effect.flatten)

const ones = (bytes: number): Stream.Stream<Uint8Array> =>
  Stream.take(Stream.repeatValue(new Uint8Array(65536).fill(49)), Math.ceil(bytes / 65536))

const failsWith = (
  effect: Effect.Effect<unknown, PlatformError, Services>,
  fields: Partial<SystemError>
) =>
  Effect.map(Effect.flip(effect), (error) => {
    assert.instanceOf(error, SystemError)
    for (const [name, value] of Object.entries(fields)) assert.strictEqual(Reflect.get(error, name), value)
  })

const byName = "programs are found by their names, whatever PATH is"

const hundredMegabytes = 100 * 1024 * 1024

const results: ReadonlyArray<Case> = [
  {
    name: "gives what a command prints as text, lines, a stream",
    run: Effect.gen(function*() {
      const command = Command.make("printf", "a\\nb\\n")
      assert.strictEqual(yield* Command.string(command), "a\nb\n")
      assert.deepStrictEqual(yield* Command.lines(command), ["a", "b"])
      assert.strictEqual(yield* text(Command.stream(command)), "a\nb\n")
      assert.deepStrictEqual(Chunk.toArray(yield* Stream.runCollect(Command.streamLines(command))), ["a", "b"])
    })
  },
  {
    name: "keeps each argument as it is",
    run: Effect.gen(function*() {
      const words = ["a b", "", "$HOME", "'", "\"", "\\", "*", "~", "\u00e9\u{1F600}", "\n", "a;b", "`id`", "-x"]
      const command = Command.make("printf", "<%s>", ...words)
      assert.strictEqual(yield* Command.string(command), words.map((word) => `<${word}>`).join(""))
    })
  },
  {
    name: "takes a long argument, and many of them",
    run: Effect.gen(function*() {
      const long = "x".repeat(100_000)
      assert.strictEqual(yield* Command.string(Command.make("printf", "%s", long)), long)
      const many = Array.from({ length: 5000 }, (_, n) => `${n} \u00e9`)
      assert.strictEqual(yield* Command.string(Command.make("printf", "%s\\n", ...many)), `${many.join("\n")}\n`)
    })
  },
  {
    name: "gives the exit code",
    run: Effect.gen(function*() {
      assert.strictEqual(yield* Command.exitCode(Command.make("true")), 0)
      assert.strictEqual(yield* Command.exitCode(sh("exit 3")), 3)
      assert.strictEqual(yield* Command.exitCode(sh("exit 127")), 127)
      assert.strictEqual(yield* Command.exitCode(sh("exit 255")), 255)
    })
  },
  {
    name: "keeps standard output and standard error apart",
    run: Effect.gen(function*() {
      const process = yield* Command.start(sh("echo out; echo err >&2"))
      const both = yield* Effect.all([text(process.stdout), text(process.stderr)], { concurrency: 2 })
      assert.deepStrictEqual(both, ["out\n", "err\n"])
    })
  },
  {
    name: "carries bytes as they are",
    run: Effect.gen(function*() {
      const all = Uint8Array.from({ length: 256 }, (_, n) => n)
      const command = Command.make("cat").pipe(Command.stdin(Stream.make(all, all)))
      const chunks = Chunk.toArray(yield* Stream.runCollect(Command.stream(command)))
      assert.deepStrictEqual(Array.from(Buffer.concat(chunks)), [...all, ...all])
    })
  },
  {
    name: "tells how many a crowd of commands are",
    run: Effect.gen(function*() {
      const all = yield* Effect.forEach(
        Array.from({ length: 24 }, (_, n) => String(n)),
        (n) => Command.string(Command.make("echo", n)),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(all, Array.from({ length: 24 }, (_, n) => `${n}\n`))
    })
  }
]

const inputs: ReadonlyArray<Case> = [
  {
    name: "feeds a text",
    run: Effect.gen(function*() {
      const command = Command.make("cat").pipe(Command.feed("h\u00e9llo\n"))
      assert.strictEqual(yield* Command.string(command), "h\u00e9llo\n")
    })
  },
  {
    name: "feeds a stream, and ends with it",
    run: Effect.gen(function*() {
      const input = Stream.make("a\n", "b\n", "c").pipe(Stream.encodeText)
      assert.strictEqual(yield* Command.string(Command.make("cat").pipe(Command.stdin(input))), "a\nb\nc")
    })
  },
  {
    name: "takes input through a sink, which ends it",
    run: Effect.gen(function*() {
      const process = yield* Command.start(Command.make("cat"))
      yield* Stream.run(Stream.encodeText(Stream.make("one", "two")), process.stdin)
      assert.strictEqual(yield* text(process.stdout), "onetwo")
      assert.strictEqual(yield* process.exitCode, 0)
    })
  },
  {
    name: "answers a process in turns",
    run: Effect.gen(function*() {
      const process = yield* Command.start(sh("while read line; do echo got $line; done"))
      const lines = yield* Queue.unbounded<string>()
      const input = Stream.fromQueue(lines).pipe(Stream.takeWhile((line) => line !== ""), Stream.encodeText)
      const fed = yield* Effect.fork(Stream.run(input, process.stdin))
      const pull = yield* Stream.toPull(Stream.splitLines(Stream.decodeText(process.stdout)))
      for (const word of ["one", "two"]) {
        yield* Queue.offer(lines, `${word}\n`)
        assert.deepStrictEqual(Chunk.toArray(yield* pull), [`got ${word}`])
      }
      yield* Queue.offer(lines, "")
      yield* Fiber.join(fed)
      assert.strictEqual(yield* process.exitCode, 0)
    })
  },
  {
    name: "ends the feed of a process that stops reading",
    skip: { node: "an endless stream is read on, without an end and without a pause, and starves the program" },
    run: Effect.gen(function*() {
      const input = Stream.repeatValue(new TextEncoder().encode(`${"1".repeat(1000)}\n`))
      const command = Command.make("head", "-n", "1").pipe(Command.stdin(input))
      assert.strictEqual((yield* Command.string(command)).length, 1001)
    })
  },
  {
    name: "says of input that cannot be read to its end what is wrong, rather than end it",
    differs: { node: "the process sees an end of its input, and nobody hears of the error" },
    run: Effect.gen(function*() {
      const wrong = new BadArgument({ module: "Stream", method: "read", description: "torn" })
      const torn = Stream.concat(Stream.encodeText(Stream.make("part")), Stream.fail(wrong))
      const error = yield* Effect.flip(Command.string(Command.make("cat").pipe(Command.stdin(torn))))
      assert.strictEqual(error, wrong)
    })
  }
]

const pipes: ReadonlyArray<Case> = [
  {
    name: "pipes through three commands",
    run: Effect.gen(function*() {
      const command = Command.make("printf", "b\\na\\nb\\n").pipe(
        Command.pipeTo(Command.make("sort")),
        Command.pipeTo(Command.make("uniq"))
      )
      assert.deepStrictEqual(yield* Command.lines(command), ["a", "b"])
    })
  },
  {
    name: "feeds the head of a pipe",
    run: Effect.gen(function*() {
      const command = Command.make("cat").pipe(Command.pipeTo(Command.make("wc", "-c")), Command.feed("12345"))
      assert.strictEqual((yield* Command.string(command)).trim(), "5")
    })
  },
  {
    name: "gives the exit code of the last one",
    run: Effect.gen(function*() {
      assert.strictEqual(yield* Command.exitCode(Command.pipeTo(sh("exit 3"), sh("cat; exit 4"))), 4)
    })
  },
  {
    name: "keeps the environment and the directory of each",
    run: Effect.gen(function*() {
      const left = sh("echo $A; pwd -P").pipe(Command.env({ A: "left" }), Command.workingDirectory("/usr"))
      const right = sh("cat; echo $A; pwd -P").pipe(Command.env({ A: "right" }), Command.workingDirectory("/"))
      assert.deepStrictEqual(yield* Command.lines(Command.pipeTo(left, right)), ["left", "/usr", "right", "/"])
    })
  },
  {
    name: "ends `yes` once `head` has enough",
    run: Effect.gen(function*() {
      const command = Command.pipeTo(Command.make("yes"), Command.make("head", "-n", "1"))
      assert.deepStrictEqual(yield* Command.lines(command), ["y"])
    })
  },
  {
    name: "carries 100 MB through a pipe",
    skip: { memory: "hosts in memory have no devices" },
    run: Effect.gen(function*() {
      const command = Command.make("head", "-c", String(hundredMegabytes), "/dev/zero").pipe(
        Command.pipeTo(Command.make("cat")),
        Command.pipeTo(Command.make("wc", "-c"))
      )
      assert.strictEqual(Number(yield* Command.string(command)), hundredMegabytes)
    })
  },
  {
    name: "starts nothing of a pipe in which a program is missing",
    differs: { node: "a missing program before the last one is an empty input to the next" },
    run: failsWith(
      Command.string(Command.pipeTo(Command.make("lazycluster-missing"), Command.make("cat"))),
      { reason: "NotFound", module: "Command", method: "spawn", pathOrDescriptor: "lazycluster-missing " }
    )
  }
]

const places: ReadonlyArray<Case> = [
  {
    name: "adds to the environment",
    run: Effect.gen(function*() {
      const value = "a b'\"$x\\ \u00e9\nc"
      const command = sh("printf '%s|%s' \"$LC_TEST_A\" \"${PATH:+path}\"").pipe(Command.env({ LC_TEST_A: value }))
      assert.strictEqual(yield* Command.string(command), `${value}|path`)
    })
  },
  {
    name: "leaves out variables without a value",
    run: Effect.gen(function*() {
      const command = sh("echo \"${LC_TEST_A-unset}\"").pipe(Command.env({ LC_TEST_A: undefined }))
      assert.strictEqual(yield* Command.string(command), "unset\n")
    })
  },
  {
    name: "has just the variables given, when the environment is not extended",
    differs: {
      manager: "LAZYCLUSTER_LEASE is there too: by it the host knows what ends with the runtime",
      memory: "as on the manager",
      sandbox: "as on the manager",
      openssh: "as on the manager",
      fleet: "as on the manager"
    },
    run: Effect.gen(function*() {
      const command = Command.make("/usr/bin/env").pipe(Command.env({ B: "2", A: "1" }, { extendEnv: false }))
      assert.deepStrictEqual((yield* Command.lines(command)).sort(), ["A=1", "B=2"])
    })
  },
  {
    name: "has no other variables, when the environment is not extended",
    run: Effect.gen(function*() {
      const command = Command.make("/usr/bin/env").pipe(Command.env({ B: "2", A: "1" }, { extendEnv: false }))
      const lines = (yield* Command.lines(command)).filter((line) => !line.startsWith("LAZYCLUSTER_LEASE=")).sort()
      assert.deepStrictEqual(lines, ["A=1", "B=2"])
    })
  },
  {
    name: "finds programs by the PATH of the command",
    differs: { memory: byName },
    run: Effect.gen(function*() {
      const there = Command.make("sh", "-c", "echo here").pipe(Command.env({ PATH: "/bin" }, { extendEnv: false }))
      assert.strictEqual(yield* Command.string(there), "here\n")
      const nowhere = Command.make("sh", "-c", "echo here").pipe(Command.env({ PATH: "/proc" }))
      yield* failsWith(Command.string(nowhere), { reason: "NotFound" })
    })
  },
  {
    name: "runs in the directory given",
    run: Effect.gen(function*() {
      const command = Command.make("pwd", "-P").pipe(Command.workingDirectory("/usr"))
      assert.strictEqual(yield* Command.string(command), "/usr\n")
    })
  },
  {
    name: "takes relative directories from where a command runs without one",
    run: Effect.gen(function*() {
      const path = yield* Path.Path
      const here = (yield* Command.string(Command.make("pwd", "-P"))).trim()
      assert.strictEqual(path.resolve("."), here)
      const up = Command.make("pwd", "-P").pipe(Command.workingDirectory(".."))
      assert.strictEqual((yield* Command.string(up)).trim(), path.dirname(here))
      assert.strictEqual(path.resolve(".."), path.dirname(here))
    })
  },
  {
    name: "runs a line of a shell",
    run: Effect.gen(function*() {
      const command = Command.make("echo", "$LC_TEST_A", "&&", "echo", "two").pipe(
        Command.env({ LC_TEST_A: "one" }),
        Command.runInShell(true)
      )
      assert.deepStrictEqual(yield* Command.lines(command), ["one", "two"])
      const other = Command.make("echo", "$0").pipe(Command.runInShell("/bin/sh"))
      assert.deepStrictEqual(yield* Command.lines(other), ["/bin/sh"])
      assert.strictEqual(
        yield* Command.exitCode(Command.make("lazycluster-missing").pipe(Command.runInShell(true))),
        127
      )
    })
  }
]

const failures: ReadonlyArray<Case> = [
  {
    name: "says NotFound of a program that is not there",
    run: Effect.gen(function*() {
      yield* failsWith(Command.string(Command.make("lazycluster-missing", "a", "b")), {
        reason: "NotFound",
        module: "Command",
        method: "spawn",
        pathOrDescriptor: "lazycluster-missing a b",
        syscall: "spawn lazycluster-missing"
      })
      yield* failsWith(Command.exitCode(Command.make("/nowhere/program")), { reason: "NotFound", method: "spawn" })
      yield* failsWith(Effect.scoped(Command.start(Command.make("./nowhere"))), { reason: "NotFound", method: "spawn" })
      yield* failsWith(Stream.runDrain(Command.stream(Command.make("nowhere"))), {
        reason: "NotFound",
        method: "spawn"
      })
    })
  },
  {
    name: "says NotFound of a directory that is not there",
    run: failsWith(Command.string(Command.make("true").pipe(Command.workingDirectory("/nowhere/at/all"))), {
      reason: "NotFound",
      module: "FileSystem",
      method: "access",
      pathOrDescriptor: "/nowhere/at/all"
    })
  },
  {
    name: "says BadResource of a directory that is a file",
    differs: { node: "the effect dies with an error of Node's" },
    run: failsWith(Command.string(Command.make("true").pipe(Command.workingDirectory("/etc/passwd"))), {
      reason: "BadResource",
      module: "Command",
      method: "spawn"
    })
  },
  {
    name: "says BadResource of a directory that lies behind a file",
    run: failsWith(Command.string(Command.make("true").pipe(Command.workingDirectory("/etc/passwd/x"))), {
      reason: "BadResource",
      module: "FileSystem",
      method: "access"
    })
  },
  {
    name: "says BadResource of a program that lies behind a file",
    differs: { node: "the effect dies with an error of Node's" },
    run: failsWith(Command.string(Command.make("/etc/passwd/x")), { reason: "BadResource", method: "spawn" })
  },
  {
    name: "says PermissionDenied of what may not be run",
    run: Effect.gen(function*() {
      yield* failsWith(Command.string(Command.make("/etc/passwd")), { reason: "PermissionDenied", method: "spawn" })
      yield* failsWith(Command.string(Command.make("/etc")), { reason: "PermissionDenied", method: "spawn" })
    })
  },
  {
    name: "says PermissionDenied of what may not be run where PATH has nothing better",
    differs: { memory: byName },
    run: Effect.gen(function*() {
      const program = Command.make("passwd").pipe(Command.env({ PATH: "/etc:/nowhere" }))
      yield* failsWith(Command.string(program), { reason: "PermissionDenied", method: "spawn" })
    })
  },
  {
    name: "says NotFound of a script whose interpreter is not there",
    run: Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const file = `${yield* fs.makeTempDirectoryScoped()}/script`
      yield* fs.writeFileString(file, "#! /nowhere/python -x\n", { mode: 0o755 })
      yield* failsWith(Command.string(Command.make(file)), { reason: "NotFound", method: "spawn" })
    })
  },
  {
    name: "says BadArgument of what no system takes",
    differs: { node: "the effect dies with a TypeError of Node's" },
    run: Effect.gen(function*() {
      for (const command of [Command.make(""), Command.make("echo", "a\0b")]) {
        const error = yield* Effect.flip(Command.string(command))
        assert.deepInclude({ ...error }, { _tag: "BadArgument", module: "Command", method: "spawn" })
      }
    })
  }
]

const ends: ReadonlyArray<Case> = [
  {
    name: "tells the process id, and whether it runs",
    run: Effect.gen(function*() {
      const process = yield* Command.start(sh("echo $$; read x"))
      assert.isTrue(yield* process.isRunning)
      assert.strictEqual(Number(yield* firstLine(process)), process.pid)
      yield* Stream.run(Stream.encodeText(Stream.make("\n")), process.stdin)
      assert.strictEqual(yield* process.exitCode, 0)
      assert.isFalse(yield* process.isRunning)
    })
  },
  {
    name: "fails with the signal that has ended a process",
    run: failsWith(Command.exitCode(sh("kill -TERM $$")), {
      reason: "Unknown",
      module: "Command",
      method: "exitCode",
      description: "Process interrupted due to receipt of signal: SIGTERM"
    })
  },
  {
    name: "kills, and waits for the end",
    run: Effect.gen(function*() {
      const process = yield* Command.start(Command.make("sleep", "1000"))
      yield* process.kill()
      assert.isFalse(yield* process.isRunning)
      const error = yield* Effect.flip(process.exitCode)
      assert.include(error.message, "SIGTERM")
    })
  },
  {
    name: "sends other signals",
    differs: { memory: "its shell has no `trap` for signals that come while a command runs" },
    run: Effect.gen(function*() {
      const process = yield* Command.start(sh("trap 'exit 7' USR1; echo ready; while :; do sleep 0.05; done"))
      assert.strictEqual(yield* firstLine(process), "ready")
      yield* process.kill("SIGUSR1")
      assert.strictEqual(yield* process.exitCode, 7)
      const killed = yield* Command.start(Command.make("sleep", "1000"))
      yield* killed.kill("SIGKILL")
      assert.include((yield* Effect.flip(killed.exitCode)).message, "SIGKILL")
    })
  },
  {
    name: "signals the whole group",
    run: Effect.gen(function*() {
      const process = yield* Command.start(sh("sleep 1000 & echo $!; wait"))
      const child = yield* firstLine(process)
      assert.isTrue(yield* lives(child))
      yield* process.kill()
      yield* gone(child)
    })
  },
  {
    name: "cannot kill what has ended",
    run: Effect.gen(function*() {
      const process = yield* Command.start(Command.make("true"))
      assert.strictEqual(yield* process.exitCode, 0)
      yield* failsWith(process.kill(), { reason: "Unknown", module: "Command", method: "kill" })
    })
  },
  {
    name: "ends with its scope, and its end is known then",
    run: Effect.gen(function*() {
      const scope = yield* Scope.make()
      const process = yield* Scope.extend(Command.start(sh("sleep 1000 & echo $!; wait")), scope)
      const child = yield* firstLine(process)
      yield* Scope.close(scope, Exit.void)
      assert.isFalse(yield* process.isRunning)
      assert.include((yield* Effect.flip(process.exitCode)).message, "SIGTERM")
      yield* gone(process.pid)
      yield* gone(child)
    })
  },
  {
    name: "ends when who waits for it is interrupted",
    run: Effect.gen(function*() {
      const pid = yield* Deferred.make<string>()
      const lines = Command.streamLines(sh("echo $$; sleep 1000"))
      const fiber = yield* Effect.fork(Stream.runForEach(lines, (line) => Deferred.succeed(pid, line)))
      const waiting = yield* Deferred.await(pid)
      yield* Fiber.interrupt(fiber)
      yield* gone(waiting)
    })
  },
  {
    name: "ends when the reader of its output stops",
    run: Effect.gen(function*() {
      const lines = yield* Command.streamLines(sh("echo $$; yes")).pipe(Stream.take(2), Stream.runCollect)
      const [pid = "", line] = Chunk.toArray(lines)
      assert.strictEqual(line, "y")
      yield* gone(pid)
    })
  },
  {
    name: "leaves what a command that went well has left in the background",
    differs: { memory: "what a shell has left ends with it" },
    run: Effect.gen(function*() {
      const pid = (yield* Command.string(sh("sleep 1000 >/dev/null 2>&1 & echo $!"))).trim()
      assert.isTrue(yield* lives(pid))
      yield* Command.exitCode(Command.make("kill", pid))
    })
  },
  {
    name: "ends what a command that failed has left in the background",
    run: Effect.gen(function*() {
      const process = Effect.flatMap(
        Command.start(sh("sleep 1000 >/dev/null 2>&1 & echo $!; exit 1")),
        (process) => Effect.zipLeft(firstLine(process), process.exitCode)
      )
      yield* gone(yield* Effect.scoped(process))
    })
  }
]

const much: ReadonlyArray<Case> = [
  {
    name: "takes 100 MB of output",
    skip: { memory: "hosts in memory have no devices" },
    run: Effect.gen(function*() {
      const command = Command.make("head", "-c", String(hundredMegabytes), "/dev/zero")
      assert.strictEqual(yield* size(Command.stream(command)), hundredMegabytes)
    })
  },
  {
    name: "gives 100 MB of input",
    run: Effect.gen(function*() {
      const command = Command.make("wc", "-c").pipe(Command.stdin(ones(hundredMegabytes)))
      assert.strictEqual(Number(yield* Command.string(command)), hundredMegabytes)
    })
  },
  {
    name: "holds a process back whose output nobody reads",
    skip: { memory: "hosts in memory have no devices" },
    run: Effect.gen(function*() {
      const process = yield* Command.start(sh("head -c 50000000 /dev/zero; echo done >&2"))
      const done = yield* Effect.fork(text(process.stderr))
      assert.isTrue(yield* process.isRunning.pipe(Effect.delay("500 millis")))
      assert.strictEqual(yield* size(process.stdout), 50_000_000)
      assert.strictEqual(yield* Fiber.join(done), "done\n")
    })
  },
  {
    name: "gives the exit code of a command whose much output nobody can read",
    differs: { node: "its output is never read, so the command waits forever" },
    skip: { memory: "hosts in memory have no devices" },
    run: Effect.gen(function*() {
      assert.strictEqual(yield* Command.exitCode(sh("head -c 5000000 /dev/zero; exit 3")), 3)
    })
  },
  {
    name: "keeps letters whole that are cut between chunks",
    differs: { node: "text is decoded one chunk at a time", memory: "its `printf` writes characters, not bytes" },
    run: Effect.gen(function*() {
      const cut = sh("printf 'caf\\303'; sleep 0.3; printf '\\251\\n'")
      assert.deepStrictEqual(yield* Command.lines(cut), ["caf\u00e9"])
    })
  },
  {
    name: "keeps letters whole in a text",
    differs: { memory: "its `printf` writes characters, not bytes" },
    run: Effect.gen(function*() {
      const cut = sh("printf 'caf\\303'; sleep 0.3; printf '\\251\\n'")
      assert.strictEqual(yield* Command.string(cut), "caf\u00e9\n")
      const word = "\u00e9\u{1F600}".repeat(100_000)
      assert.strictEqual(yield* Command.string(Command.make("cat").pipe(Command.feed(word))), word)
    })
  },
  {
    name: "runs output through a sink",
    run: Effect.gen(function*() {
      // As the type of `Command.stdout` has it: a sink that takes all, without a rest.
      const sizes = Sink.map(
        Sink.foldLeft(0, (sum: number, bytes: Uint8Array) => sum + bytes.length),
        (sum) => new TextEncoder().encode(`${sum} bytes`)
      )
      const process = yield* Command.start(Command.make("printf", "abc").pipe(Command.stdout(sizes)))
      assert.strictEqual(yield* text(process.stdout), "3 bytes")
    })
  }
]

export const cases: ReadonlyArray<Case> = [
  ...results,
  ...inputs,
  ...pipes,
  ...places,
  ...failures,
  ...ends,
  ...much
]
