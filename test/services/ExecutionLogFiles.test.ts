import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FastCheck from "effect/FastCheck"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as ExecutionLog from "../../src/services/ExecutionLog.ts"
import type { LogEntry } from "../../src/services/LogEntry.ts"

const utc = DateTime.zoneUnsafeMakeNamed("UTC")
const of = { host: "host-1", task: "t" }

/** Writes a log; gives its file. */
const written = <E, R>(
  directory: string,
  options: ExecutionLog.Options,
  write: (log: ExecutionLog.TaskLog) => Effect.Effect<void, E, R>
) =>
  Effect.flatMap(ExecutionLog.ExecutionLog, (logs) => logs.open(of)).pipe(
    Effect.tap(write),
    Effect.map(({ file }) => file ?? assert.fail("no file")),
    Effect.scoped,
    Effect.provide(ExecutionLog.layer({ directory, zone: utc, ...options }))
  )

const temporary = Effect.flatMap(FileSystem.FileSystem, (fs) => fs.makeTempDirectoryScoped())

const readAll = (file: string) => Effect.map(Stream.runCollect(ExecutionLog.read(file)), Chunk.toReadonlyArray)

const textOf = (entries: ReadonlyArray<LogEntry>, from: ExecutionLog.Origin) =>
  entries.map((entry) => entry._tag === "Output" && entry.from === from ? entry.text : "").join("")

/** The newest last. */
const filesOf = Effect.fnUntraced(function*(file: string) {
  const fs = yield* FileSystem.FileSystem
  const directory = file.slice(0, file.lastIndexOf("/"))
  const number = (name: string) => Number(/\d+$/.exec(name)?.[0] ?? 0)
  const names = (yield* fs.readDirectory(directory)).sort((a, b) => number(b) - number(a))
  return yield* Effect.forEach(names, (name) => fs.readFileString(`${directory}/${name}`))
})

describe("a log in JSON", () => {
  it.scoped("has an entry a line, with time, host, task and step, and reads back", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      yield* TestClock.setTime(Date.UTC(2026, 10, 22, 7, 8, 9))
      const file = yield* written(yield* temporary, { format: "json" }, (log) =>
        Effect.gen(function*() {
          yield* log.note("begin")
          yield* log.stepStarted(0, "RunCommand", "run make")
          yield* log.output("stdout", "one\r\ntw")
          yield* TestClock.adjust("1 second")
          yield* log.output("stderr", "err\n")
          yield* log.output("stdout", "o")
          yield* log.note("between")
          yield* log.stepEnded(0, { duration: Duration.seconds(1), exitCode: 2, failed: "exit code 2" })
          yield* log.stepEnded(1, { duration: Duration.millis(5), transferred: { files: 2, bytes: 30 } })
        }))
      assert.match(file, /\/execution_log\/host-1\/t_20261122070809\.jsonl$/)
      const common = { version: 1, time: "2026-11-22T07:08:09.000Z", ...of }
      const later = { ...common, time: "2026-11-22T07:08:10.000Z" }
      const lines = (yield* fs.readFileString(file)).trimEnd().split("\n").map((line): unknown => JSON.parse(line))
      assert.deepStrictEqual(lines, [
        { _tag: "Note", ...common, text: "begin" },
        { _tag: "StepStarted", ...common, step: 0, kind: "RunCommand", text: "run make" },
        { _tag: "Output", ...common, step: 0, from: "stdout", text: "one\r\n" },
        { _tag: "Output", ...later, step: 0, from: "stderr", text: "err\n" },
        { _tag: "Output", ...later, step: 0, from: "stdout", text: "two" },
        { _tag: "Note", ...later, text: "between" },
        { _tag: "StepEnded", ...later, step: 0, duration: 1000, exitCode: 2, failed: "exit code 2" },
        { _tag: "StepEnded", ...later, step: 1, duration: 5, files: 2, bytes: 30 }
      ])
      const entries = yield* readAll(file)
      assert.deepStrictEqual(entries.map(({ _tag }) => _tag), lines.map((line) => (line as LogEntry)._tag))
      assert.strictEqual(textOf(entries, "stdout"), "one\r\ntwo")
    }).pipe(Effect.provide(NodeContext.layer)))

  it.effect.prop("gives back every character that was printed, wherever pieces and files end", {
    pieces: FastCheck.array(
      FastCheck.tuple(
        FastCheck.constantFrom("stdout" as const, "stderr" as const),
        FastCheck.oneof(FastCheck.fullUnicodeString(), FastCheck.constantFrom("\n", "\r\n", "a\nb", "\u001b[1m", "\0"))
      ),
      { maxLength: 30 }
    ),
    bytes: FastCheck.integer({ min: 1, max: 2000 })
  }, ({ bytes, pieces }) =>
    Effect.gen(function*() {
      const options = { format: "json", rotate: { bytes, files: 1000 } } as const
      const file = yield* written(yield* temporary, options, (log) =>
        Effect.forEach(pieces, ([from, text]) =>
          log.output(from, text), { discard: true }))
      const entries = yield* readAll(file)
      for (const from of ["stdout", "stderr"] as const) {
        const expected = pieces.map(([origin, text]) =>
          origin === from ? text : ""
        ).join("")
        assert.strictEqual(textOf(entries, from), expected)
      }
    }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)), { fastCheck: { numRuns: 25 } })

  it.scoped("is read up to where a crash cut it", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const file = yield* written(
        yield* temporary,
        { format: "json" },
        (log) => log.output("stdout", "one\ntwo\nthree\n")
      )
      const text = yield* fs.readFileString(file)
      // As many bytes as a manager may have written before it was killed.
      for (let length = text.length; length > 0; length -= 7) {
        yield* fs.writeFileString(file, text.slice(0, length))
        const whole = text.slice(0, length).split("\n").slice(0, -1).length
        const read = textOf(yield* readAll(file), "stdout").split("\n").slice(0, -1)
        assert.deepStrictEqual(read, ["one", "two", "three"].slice(0, whole))
      }
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scoped("that is none, or not there, is a typed error", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* temporary
      const missing = yield* Effect.flip(readAll(`${directory}/no.jsonl`))
      assert.deepInclude(missing, { reason: "Missing", file: `${directory}/no.jsonl` })
      const text = yield* written(directory, {}, (log) => log.output("stdout", "hello\n"))
      const syntax = yield* Effect.flip(readAll(text))
      assert.deepInclude(syntax, { reason: "Syntax", file: text })
      assert.include(syntax.message, "format: \"json\"")
      yield* fs.writeFileString(`${directory}/long.jsonl`, `${"x".repeat(2_000_000)}`)
      assert.deepInclude(yield* Effect.flip(readAll(`${directory}/long.jsonl`)), { reason: "Syntax" })
    }).pipe(Effect.provide(NodeContext.layer)))
})

describe("rotation", () => {
  it.effect.prop("keeps the last lines whole, in so many files of such a size", {
    lengths: FastCheck.array(FastCheck.integer({ min: 0, max: 60 }), { maxLength: 60 }),
    bytes: FastCheck.integer({ min: 10, max: 200 }),
    files: FastCheck.integer({ min: 1, max: 4 })
  }, ({ bytes, files, lengths }) =>
    Effect.gen(function*() {
      const lines = lengths.map((length, index) => `${index}:${"x".repeat(length)}\n`)
      const file = yield* written(yield* temporary, { rotate: { bytes, files } }, (log) =>
        Effect.forEach(lines, (line) =>
          log.output("stdout", line), { discard: true }))
      const kept = yield* filesOf(file)
      assert.isAtMost(kept.length, files)
      for (const text of kept) {
        assert.isTrue(text === "" || text.endsWith("\n"))
        assert.isTrue(text.length <= bytes || text.indexOf("\n") === text.length - 1, `${text.length} > ${bytes}`)
      }
      const all = lines.join("")
      const end = kept.join("")
      assert.strictEqual(end, all.slice(all.length - end.length))
      if (kept.length < files) {
        assert.strictEqual(end, all)
      }
    }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)), { fastCheck: { numRuns: 25 } })

  it.scoped("loses no file that it should keep, wherever it is broken off", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const lines = Array.from({ length: 12 }, (_, index) => `line ${index}\n`)
      // The manager is killed before the n-th change of a name or a file.
      for (let most = 1; most < 40; most++) {
        const left = yield* Ref.make(most)
        const counted = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
          Effect.flatMap(Ref.getAndUpdate(left, (n) => n - 1), (n) => n > 0 ? effect : Effect.die("killed"))
        const dying = Layer.succeed(FileSystem.FileSystem, {
          ...fs,
          rename: (from, to) => counted(fs.rename(from, to)),
          open: (path, options) =>
            Effect.map(counted(fs.open(path, options)), (file) => ({
              ...file,
              writeAll: (bytes: Uint8Array) => counted(file.writeAll(bytes))
            }))
        })
        const directory = yield* temporary
        const said = yield* Ref.make("")
        const exit = yield* Effect.exit(
          written(directory, { rotate: { bytes: 20, files: 3 } }, (log) =>
            Effect.forEach(lines, (line) =>
              Effect.zipRight(
                log.output("stdout", line),
                Ref.update(said, (all) =>
                  all + line)
              ))).pipe(
              Effect.provide(dying)
            )
        )
        const all = yield* Ref.get(said)
        const names = yield* fs.readDirectory(directory, { recursive: true })
        const log = names.find((name) =>
          /\.log(\.\d)?$/.test(name)
        )
        if (log === undefined) continue
        const kept = (yield* filesOf(`${directory}/${log}`)).join("")
        assert.isTrue(all.endsWith(kept), `after ${most}: ${JSON.stringify(kept)} is no end of ${JSON.stringify(all)}`)
        // Two full files of three at least.
        assert.isTrue(kept.length >= Math.min(all.length, 28), `after ${most}: ${kept.length} of ${all.length}`)
        if (Exit.isSuccess(exit)) return
      }
      assert.fail("it never came to its end")
    }).pipe(Effect.provide(NodeContext.layer)))
})
