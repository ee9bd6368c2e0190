/** What goes into a command, and what comes out of it. */
import * as Command from "@effect/platform/Command"
import { BadArgument } from "@effect/platform/Error"
import { assert } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import type { Case } from "./commandCase.ts"
import { failsWith, hundredMegabytes, sh, text } from "./commandParts.ts"

export const results: ReadonlyArray<Case> = [
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

export const inputs: ReadonlyArray<Case> = [
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

export const pipes: ReadonlyArray<Case> = [
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
