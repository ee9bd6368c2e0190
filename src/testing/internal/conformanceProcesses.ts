/**
 * What every transport does with processes.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { bySignal } from "../../internal/exitStatus.ts"
import type { Case } from "../SshConformance.ts"
import { eventually, filesOf, holds, make, same, sameBytes } from "./conformanceCase.ts"
import * as Run from "./conformanceRun.ts"

/** Each of them has tripped something up: shells, `printf`, line ends, encodings. */
const words = [
  "",
  "plain",
  "a b  c",
  "it's",
  `"quoted"`,
  "$HOME `id` $(id) ${x}",
  "back\\slash \\n \\\\",
  "-n",
  "--",
  "*",
  "~",
  "a\nb\n",
  "\t\r\n \u0001\u001b[31m\u007f",
  "ü é 漢字 \u{1f600}",
  "%s %d %%",
  "x".repeat(20_000)
]

/** Over the codes that a shell gives for signals. */
const codes = Array.from({ length: 256 }, (_, code) => code).filter((code) => code < 129 || code > 159)

const statusesOf = (them: ReadonlyArray<number>) =>
  make(
    them === codes ? "exit codes from 0 to 255, but those that shells give for signals" : "exit codes from 129 to 159",
    them === codes ? [] : ["statuses"],
    ({ connect }) =>
      Effect.gen(function*() {
        const connection = yield* connect
        const came = yield* Effect.forEach(
          them,
          (code) => Effect.map(Run.run(connection, "say", "", "", String(code)), ({ status }) => status),
          { concurrency: 6 }
        )
        yield* same("the statuses", came, them.map((code) => ({ code })))
      })
  )

const signals = ["HUP", "INT", "KILL", "USR1", "PIPE", "ALRM", "TERM"]

/** @internal */
export const cases: ReadonlyArray<Case> = [
  make("words arrive byte for byte", [], ({ connect }) =>
    Effect.gen(function*() {
      const { status, stdout } = yield* Run.run(yield* connect, "words", ...words)
      yield* same("the exit status", status, { code: 0 })
      yield* same("the words", stdout.split("\0").slice(0, -1), words)
    })),

  make("a hundred kilobytes of words arrive", [], ({ connect }) =>
    Effect.gen(function*() {
      const long = ["ü".repeat(50_000), "'\n\\".repeat(5000)]
      const { stdout } = yield* Run.run(yield* connect, "words", ...long)
      yield* same("the words", stdout.split("\0").slice(0, -1), long)
    })),

  make("both outputs come, and apart", [], ({ connect }) =>
    Effect.gen(function*() {
      yield* same("what came", yield* Run.run(yield* connect, "say", "out\n", "err\n", "7"), {
        stdout: "out\n",
        stderr: "err\n",
        status: { code: 7 }
      })
    })),

  make(
    "a program starts in the home directory, from where relative paths are taken too",
    [],
    (context) =>
      Effect.gen(function*() {
        const connection = yield* context.connect
        const files = yield* filesOf(context)
        const [home = "", here] = (yield* Run.run(connection, "place")).stdout.split("\n")
        yield* holds("HOME", home.startsWith("/"), "an absolute path", home)
        yield* same("the working directory", here, home)
        const folder = yield* context.folder
        const file = `.${folder.slice(folder.lastIndexOf("/") + 1)}`
        yield* Effect.addFinalizer(() => Effect.ignore(files.removeFile(file)))
        yield* files.write(file, Stream.make(Buffer.from("here")))
        yield* same("the file that the program finds", (yield* Run.run(connection, "show", file)).stdout, "here")
        yield* same(
          "the file by its absolute path",
          (yield* Run.bytes(files.readAll(`${home}/${file}`))).toString(),
          "here"
        )
      })
  ),

  statusesOf(codes),
  statusesOf(Array.from({ length: 31 }, (_, index) => 129 + index)),

  make("the signal that ends a program has its name and 128 + n", [], ({ connect }) =>
    Effect.gen(function*() {
      const connection = yield* connect
      const came = yield* Effect.forEach(signals, (signal) =>
        Effect.map(Run.run(connection, "die", signal), ({ status }) => status))
      yield* same(
        "the statuses",
        came,
        signals.map((signal) =>
          bySignal(signal)
        )
      )
    })),

  make("all bytes pass through both ways, as text and as bytes", [], ({ connect }) =>
    Effect.gen(function*() {
      const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
      const process = yield* Run.start(yield* connect, "copy")
      yield* process.write(all)
      yield* process.write("é漢\u{1f600}\n")
      for (const piece of Run.pieces(Run.data(5000), 1)) yield* process.write(piece)
      yield* process.endInput
      const [stdout, stderr, status] = yield* Effect.all([
        Run.bytes(process.stdout),
        Run.bytes(process.stderr),
        process.exit
      ], { concurrency: 3 })
      yield* sameBytes("standard output", stdout, Buffer.concat([all, Buffer.from("é漢\u{1f600}\n"), Run.data(5000)]))
      yield* same("the rest", [stderr.toString(), status], ["done\n", { code: 0 }])
    })),

  make(
    "a program hears the end of its input, and what comes after it is dropped",
    [],
    ({ connect }) =>
      Effect.gen(function*() {
        const process = yield* Run.start(yield* connect, "answer", "heard")
        yield* process.write("last words")
        yield* process.endInput
        yield* process.write("nobody reads this")
        yield* process.endInput
        yield* same("what came", yield* Run.ended(process), {
          stdout: "heard last words\n",
          stderr: "",
          status: { code: 0 }
        })
      })
  ),

  make("what a program does not read before it ends is dropped", [], ({ connect }) =>
    Effect.gen(function*() {
      const process = yield* Run.start(yield* connect, "say", "", "", "3")
      yield* same("the exit status", yield* process.exit, { code: 3 })
      yield* process.write("nobody reads this")
      yield* process.endInput
      yield* same("standard output", (yield* Run.bytes(process.stdout)).length, 0)
    })),

  make("a write that waits for room does not outlive the program", [], ({ connect }) =>
    Effect.gen(function*() {
      const process = yield* Run.start(yield* connect, "answer", "heard")
      const output = yield* Effect.fork(Run.ended(process))
      const writing = yield* Effect.fork(
        Effect.zipRight(process.write("go\n"), process.write(Buffer.alloc(8 * 1024 * 1024)))
      )
      yield* same("what came", (yield* Fiber.join(output)).stdout, "heard go\n")
      yield* Fiber.join(writing)
    })),

  make("output waits for its reader, also when the program has ended", [], ({ connect }) =>
    Effect.gen(function*() {
      const text = "0123456789".repeat(800)
      const process = yield* Run.start(yield* connect, "say", text, text, "0")
      yield* process.exit
      yield* same("standard output", (yield* Run.bytes(process.stdout)).toString(), text)
      yield* same("the other output", (yield* Run.bytes(process.stderr)).toString(), text)
      yield* same("the exit status, again", yield* process.exit, { code: 0 })
    })),

  make(
    "outputs that a program closes are seen closed while it lives",
    ["closedOutput"],
    ({ connect }) =>
      Effect.gen(function*() {
        const process = yield* Run.start(yield* connect, "mute")
        yield* same("standard output", (yield* Run.bytes(process.stdout)).length, 0)
        yield* same("the other output", (yield* Run.bytes(process.stderr)).length, 0)
        yield* process.write("\n")
        yield* same("the exit status", yield* process.exit, { code: 5 })
      })
  ),

  make("forty programs at once each have their own input and output", [], ({ connect }) =>
    Effect.gen(function*() {
      const connection = yield* connect
      const numbers = Array.from({ length: 40 }, (_, index) => index)
      const came = yield* Effect.forEach(
        numbers,
        (number) =>
          Effect.scoped(Effect.gen(function*() {
            const process = yield* Run.start(connection, "answer", `number ${number}`)
            yield* process.write(`hears ${number}\n`)
            return (yield* Run.ended(process)).stdout
          })),
        { concurrency: "unbounded" }
      )
      yield* same("the outputs", came, numbers.map((number) => `number ${number} hears ${number}\n`))
    })),

  make(
    "the end of a scope ends the input of its program, and whoever waits for it",
    [],
    (context) =>
      Effect.gen(function*() {
        const connection = yield* context.connect
        const files = yield* filesOf(context)
        const file = `${yield* context.folder}/mark`
        const scope = yield* Scope.make()
        const process = yield* Scope.extend(Run.start(connection, "mark", file), scope)
        const waiting = yield* Effect.fork(
          Effect.all([Effect.exit(process.exit), Effect.exit(Run.bytes(process.stdout))], { concurrency: 2 })
        )
        const text = Effect.map(files.readAll(file).pipe(Run.bytes), String)
        yield* eventually(Effect.flatMap(text, (now) => same("the file", now, "start\n")))
        yield* Scope.close(scope, Exit.void)
        yield* eventually(Effect.flatMap(text, (now) => same("the file, after the end", now, "start\nend\n")))
        yield* Fiber.join(waiting)
      })
  ),

  make("an exec that is interrupted leaves the connection as it was", [], ({ connect }) =>
    Effect.gen(function*() {
      const connection = yield* connect
      const transports = yield* connection.transports
      yield* Effect.forEach(
        Array.from({ length: 25 }, (_, index) => index),
        (index) =>
          Effect.scoped(Effect.flatMap(Run.start(connection, "hold"), () => Effect.never)).pipe(
            Effect.timeoutOption(index)
          ),
        { discard: true }
      )
      yield* same("what a program says", (yield* Run.run(connection, "say", "x", "", "0")).stdout, "x")
      yield* same("the TCP connections", yield* connection.transports, transports)
      yield* same("whether it is lost", Option.isNone(yield* Fiber.poll(yield* Effect.fork(connection.lost))), true)
    }))
]
