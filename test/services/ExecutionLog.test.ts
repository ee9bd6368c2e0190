import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Error from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Ref from "effect/Ref"
import * as TestClock from "effect/TestClock"
import { fileName } from "../../src/internal/logName.ts"
import * as ExecutionLog from "../../src/services/ExecutionLog.ts"

const utc = DateTime.zoneUnsafeMakeNamed("UTC")
const now = Date.UTC(2026, 10, 22, 7, 8, 9)

const opened = (of: { readonly host: string; readonly task: string }) =>
  Effect.flatMap(ExecutionLog.ExecutionLog, (log) => log.open(of))

const inTemporary = <A, E>(
  use: (directory: string) => Effect.Effect<A, E, ExecutionLog.ExecutionLog | NodeContext.NodeContext>,
  options: ExecutionLog.Options = {}
) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const directory = yield* fs.makeTempDirectoryScoped()
    yield* TestClock.setTime(now)
    return yield* Effect.provide(use(directory), ExecutionLog.layer({ directory, zone: utc, ...options }))
  }).pipe(Effect.scoped, Effect.provide(NodeContext.layer))

describe("files", () => {
  it.effect("are named by host, task and time, one for each execution", () =>
    inTemporary((directory) =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const files = yield* Effect.scoped(
          Effect.all(Array.from({ length: 5 }, () => opened({ host: "host-1", task: "t" })), { concurrency: 5 })
        )
        assert.deepStrictEqual(
          files.map((log) => log.file?.slice(directory.length)).sort(),
          ["", "-1", "-2", "-3", "-4"].map((k) => `/execution_log/host-1/t_20261122070809${k}.log`).sort()
        )
        assert.strictEqual((yield* fs.stat(files[0]?.file ?? "")).mode & 0o777, 0o600)
      })
    ))

  it.effect("hold output in whole lines and notes on lines of their own", () =>
    inTemporary(() =>
      Effect.gen(function*() {
        const file = yield* Effect.scoped(Effect.gen(function*() {
          const log = yield* opened({ host: "h", task: "t" })
          yield* log.note("first\nof two")
          yield* log.output("stdout", "a\r\nb")
          yield* log.output("stderr", "c\n")
          yield* log.output("stdout", "ä")
          yield* log.note("end")
          return log.file ?? ""
        }))
        const text = yield* Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readFileString(file))
        assert.strictEqual(text, "# first\n#   of two\na\r\nc\nbä\n# end\n")
      })
    ))

  it.effect("that cannot be made cost a warning, not the task", () =>
    Effect.gen(function*() {
      const warnings: Array<string> = []
      const logger = Logger.replace(
        Logger.defaultLogger,
        Logger.make(({ logLevel, message }) => {
          warnings.push(`${logLevel.label} ${String(message)}`)
        })
      )
      const denied = new Error.SystemError({
        reason: "PermissionDenied",
        module: "FileSystem",
        method: "makeDirectory"
      })
      const log = yield* opened({ host: "h", task: "t" }).pipe(
        Effect.tap((log) => log.output("stdout", "x\n")),
        Effect.provide(
          ExecutionLog.layer({ directory: "/denied" }).pipe(
            Layer.provide([FileSystem.layerNoop({ makeDirectory: () => Effect.fail(denied) }), Path.layer])
          )
        ),
        Effect.provide(logger)
      )
      assert.isUndefined(log.file)
      const [warning, ...more] = warnings
      assert.match(warning ?? "", /^WARN no execution log for task t on h: /)
      assert.deepStrictEqual(more, [])
    }).pipe(Effect.scoped))
})

describe("live lines", () => {
  it.effect("are whole, with their host, and the unfinished last one too", () =>
    Effect.gen(function*() {
      const lines = yield* Ref.make<ReadonlyArray<string>>([])
      yield* inTemporary(() =>
        Effect.scoped(Effect.gen(function*() {
          const log = yield* opened({ host: "host-1", task: "t" })
          yield* log.output("stdout", "o")
          yield* log.output("stderr", "err\nmore ")
          yield* log.output("stdout", "ne\r\ntwo\nthr")
          assert.deepStrictEqual(yield* Ref.get(lines), ["host-1 | err", "host-1 | one", "host-1 | two"])
          yield* log.note("step 0 ended")
        })), { live: (line) => Ref.update(lines, (all) => [...all, ExecutionLog.prefixed(line)]) })
      assert.deepStrictEqual((yield* Ref.get(lines)).slice(3), ["host-1 | thr", "host-1 | more "])
    }))
})

describe("fileName", () => {
  it("keeps usual names", () => {
    assert.strictEqual(fileName("host-1.example_2"), "host-1.example_2")
    assert.strictEqual(fileName("(manager)"), "(manager)")
    assert.strictEqual(fileName("../../etc"), "%2E.%2F..%2Fetc")
    assert.strictEqual(fileName(".."), "%2E.")
    assert.strictEqual(fileName(""), "%")
  })

  const anyName = FastCheck.oneof(
    FastCheck.string({ maxLength: 300 }),
    FastCheck.fullUnicodeString(),
    FastCheck.string().map((text) => text + ".".repeat(200))
  )

  it.prop("is one component of a path", { name: anyName }, ({ name }) => {
    assert.match(fileName(name), /^[A-Za-z0-9_@:+=,()%-][A-Za-z0-9_@:+=,()%.~-]{0,150}$/)
  })

  it.prop("differs for different names", { a: anyName, b: anyName }, ({ a, b }) => {
    assert.strictEqual(fileName(a) === fileName(b), a === b)
  })
})
