import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import type * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Ref from "effect/Ref"
import { paint } from "../../src/internal/hostColour.ts"
import { plain } from "../../src/internal/terminal.ts"
import * as ExecutionLog from "../../src/services/ExecutionLog.ts"

/** What goes to the console. */
const recording = Effect.gen(function*() {
  const lines = yield* Ref.make<ReadonlyArray<string>>([])
  const add = (to: string) => (...args: ReadonlyArray<unknown>) =>
    Ref.update(lines, (all) => [...all, `${to} ${args.join(" ")}`])
  const stub: Console.Console = { ...(yield* Effect.console), log: add("out"), error: add("err") }
  return { lines: Ref.get(lines), console: stub }
})

const logTo = (directory: string) =>
  Effect.gen(function*() {
    const log = yield* ExecutionLog.ExecutionLog
    const [a, b] = yield* Effect.all([log.open({ host: "host-1", task: "a" }), log.open({ host: "host-2", task: "b" })])
    yield* a.stepStarted(0, "RunCommand", "not shown")
    yield* a.output("stdout", "one ")
    yield* b.output("stdout", "other\nunfini")
    yield* a.output("stderr", "wrong\n")
    yield* a.output("stdout", "line\n  1%\r 50%\r100%\r\n\u001b[2Jgone\n")
    yield* b.output("stdout", "shed")
    return a.file ?? ""
  }).pipe(Effect.scoped, Effect.provide(ExecutionLog.layerConsole({ directory })))

describe("the console", () => {
  it.scoped("gets whole lines behind their hosts, and nothing that moves a cursor", () =>
    Effect.gen(function*() {
      const { console, lines } = yield* recording
      const directory = yield* Effect.flatMap(FileSystem.FileSystem, (fs) => fs.makeTempDirectoryScoped())
      yield* Effect.withConsole(logTo(directory), console)
      assert.deepStrictEqual(yield* lines, [
        "out host-2 | other",
        "err host-1 | wrong",
        "out host-1 | one line",
        "out host-1 | 100%",
        "out host-1 | gone",
        "out host-2 | unfinished"
      ])
    }).pipe(Effect.provide(NodeContext.layer)))
})

describe("colours", () => {
  it.prop(
    "are one for each host, in each run the same, around its name only",
    { host: FastCheck.string() },
    ({ host }) => {
      const painted = paint(host, "name")
      assert.strictEqual(plain(painted), "name")
      assert.isTrue(painted.includes("mname"))
      assert.strictEqual(paint(host, "name"), painted)
    }
  )

  it("do not change from version to version", () => {
    assert.strictEqual(paint("host-1", "x"), "\u001b[0;35mx\u001b[0m")
    const many = new Set(Array.from({ length: 20 }, (_, k) => paint(`host-${k}`, "x")))
    assert.isAbove(many.size, 5)
  })
})

describe("the main directory", () => {
  it.scoped("is what the configuration says, unless the option does", () =>
    Effect.gen(function*() {
      const directory = yield* Effect.flatMap(FileSystem.FileSystem, (fs) => fs.makeTempDirectoryScoped())
      const file = (options: ExecutionLog.Options) =>
        Effect.flatMap(ExecutionLog.ExecutionLog, (log) => log.open({ host: "h", task: "t" })).pipe(
          Effect.map(({ file }) => file ?? ""),
          Effect.scoped,
          Effect.provide(ExecutionLog.layer(options)),
          Effect.withConfigProvider(ConfigProvider.fromMap(new Map([["LAZYCLUSTER_DIRECTORY", `${directory}/set`]])))
        )
      assert.isTrue((yield* file({})).startsWith(`${directory}/set/execution_log/h/t_`))
      assert.isTrue(
        (yield* file({ directory: `${directory}/said` })).startsWith(`${directory}/said/execution_log/h/t_`)
      )
    }).pipe(Effect.provide(NodeContext.layer)))
})
