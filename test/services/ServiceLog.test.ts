/** What a service prints reaches the manager byte for byte, whatever happens to the link. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FastCheck from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import * as ExecutionLog from "../../src/services/ExecutionLog.ts"
import * as ServiceLog from "../../src/services/ServiceLog.ts"
import type { Commands } from "../../src/testing/InMemoryHost.ts"
import { InMemorySsh, layer } from "../../src/testing/InMemorySsh.ts"

const utc = DateTime.zoneUnsafeMakeNamed("UTC")

interface Print {
  readonly to: "stdout" | "stderr"
  readonly lines: number
  readonly pause: number
}

/** `counter JSON`: numbered lines, some in one piece, some in two, with pauses. */
const commands: Commands = {
  counter: ({ argv, stderr, stdout }) =>
    Effect.gen(function*() {
      const prints: ReadonlyArray<Print> = JSON.parse(argv[1] ?? "[]")
      for (const [index, { lines, pause, to }] of prints.entries()) {
        const sink = to === "stdout" ? stdout : stderr
        const text = textOf(index, lines)
        const half = Math.floor(text.length / 2)
        yield* sink(text.slice(0, half))
        yield* Effect.sleep(pause)
        yield* sink(text.slice(half))
      }
      return 0
    }),
  /** Says so when it is asked to end. */
  polite: ({ stdout }) =>
    Effect.onInterrupt(Effect.zipRight(stdout("hello\n"), Effect.never), () => stdout("good bye\n"))
}

const textOf = (index: number, lines: number) =>
  Array.from({ length: lines }, (_, line) => `line ${index}.${line} äöü\n`).join("")

const expected = (prints: ReadonlyArray<Print>, to: Print["to"]) =>
  prints.map((print, index) => print.to === to ? textOf(index, print.lines) : "").join("")

const print: FastCheck.Arbitrary<Print> = FastCheck.record({
  to: FastCheck.constantFrom("stdout", "stderr"),
  lines: FastCheck.integer({ min: 0, max: 20 }),
  pause: FastCheck.integer({ min: 0, max: 3000 })
})

interface Fault {
  readonly kind: "cut" | "reset" | "unreachable" | "refuse" | "slow"
  readonly after: number
  readonly lasts: number
}

const fault: FastCheck.Arbitrary<Fault> = FastCheck.record({
  kind: FastCheck.constantFrom("cut", "reset", "unreachable", "refuse", "slow"),
  after: FastCheck.integer({ min: 0, max: 2000 }),
  lasts: FastCheck.integer({ min: 0, max: 6000 })
})

const strike = Effect.fnUntraced(function*({ kind, lasts }: Fault) {
  const hosts = yield* InMemorySsh
  switch (kind) {
    case "cut":
      return yield* hosts.cut("host-1")
    case "reset":
      return yield* hosts.reset("host-1")
    case "unreachable":
      yield* hosts.unreachable("host-1")
      break
    case "refuse":
      yield* hosts.refuse("host-1")
      yield* hosts.reset("host-1")
      break
    case "slow":
      yield* hosts.latency("host-1", Math.min(lasts, 300))
  }
  yield* TestClock.adjust(lasts)
  yield* hosts.restore("host-1")
})

/** Lets time pass until the effect has come to its end. */
const drive = <A, E>(fiber: Fiber.Fiber<A, E>) =>
  Effect.gen(function*() {
    for (let steps = 0; steps < 4000; steps++) {
      if (Option.isSome(yield* Fiber.poll(fiber))) return yield* Fiber.join(fiber)
      yield* TestClock.adjust("250 millis")
    }
    return yield* Effect.dieMessage("it does not end")
  })

const temporary = Effect.flatMap(FileSystem.FileSystem, (fs) => fs.makeTempDirectoryScoped())

const withLog = (options: ExecutionLog.Options) =>
  Layer.provide(ExecutionLog.layer({ zone: utc, ...options }), NodeContext.layer)

describe("what a service prints", () => {
  it.effect.prop("is in the log once, byte for byte, with links lost at any moment", {
    prints: FastCheck.array(print, { minLength: 1, maxLength: 8 }),
    faults: FastCheck.array(fault, { maxLength: 5 })
  }, ({ faults, prints }) =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const hosts = yield* InMemorySsh
      const scope = yield* Scope.make()
      const runtime = yield* Scope.extend(Runtime.make("host-1"), scope)
      const service = yield* ServiceLog.record(
        runtime.host,
        runtime.start("counter", { argv: ["counter", JSON.stringify(prints)] })
      ).pipe(Scope.extend(scope), Effect.provide(withLog({ directory, format: "json" })))
      // A second reader of the same output: what a program sees that follows it itself.
      const bytes = yield* Effect.fork(Stream.runFold(service.output("out"), 0, (sum, chunk) => sum + chunk.length))
      yield* Effect.forEach(faults, (one) => Effect.zipRight(TestClock.adjust(one.after), strike(one)), {
        discard: true
      })
      yield* hosts.restore("host-1")
      assert.strictEqual(yield* drive(yield* Effect.fork(service.exit)), 0)
      assert.strictEqual(yield* drive(bytes), new TextEncoder().encode(expected(prints, "stdout")).length)
      yield* drive(yield* Effect.fork(Scope.close(scope, Exit.void)))
      const entries = Chunk.toReadonlyArray(yield* Stream.runCollect(ExecutionLog.read(service.logFile ?? "")))
      for (const from of ["stdout", "stderr"] as const) {
        const said = entries.map((entry) => entry._tag === "Output" && entry.from === from ? entry.text : "").join("")
        assert.strictEqual(said, expected(prints, from))
      }
      assert.deepInclude(entries.at(-1), { _tag: "Note", text: "ended with exit code 0" })
    }).pipe(Effect.scoped, Effect.provide([layer(["host-1"], { commands }), NodeContext.layer])), {
    fastCheck: { numRuns: 12 },
    timeout: 120_000
  })

  it.effect("is followed to its last words, which it says when its scope closes", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* temporary
      const scope = yield* Scope.make()
      const live = yield* Ref.make<ReadonlyArray<string>>([])
      const runtime = yield* Scope.extend(Runtime.make("host-1"), scope)
      const service = yield* ServiceLog.record(runtime.host, runtime.start("polite", { argv: ["polite"] })).pipe(
        Scope.extend(scope),
        Effect.provide(
          withLog({ directory, live: (line) => Ref.update(live, (all) => [...all, ExecutionLog.prefixed(line)]) })
        )
      )
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* Ref.get(live), ["host-1 | hello"])
      assert.match(service.logFile ?? "", /\/execution_log\/host-1\/polite\.1_19700101000000\.log$/)
      yield* drive(yield* Effect.fork(Scope.close(scope, Exit.void)))
      assert.strictEqual(
        yield* fs.readFileString(service.logFile ?? ""),
        "hello\ngood bye\n# ended with exit code 143\n"
      )
    }).pipe(Effect.scoped, Effect.provide([layer(["host-1"], { commands }), NodeContext.layer])))

  it.effect("ends with a note when the lease has run out", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const hosts = yield* InMemorySsh
      const directory = yield* temporary
      const scope = yield* Scope.make()
      const runtime = yield* Scope.extend(Runtime.make("host-1", { lease: "5 seconds" }), scope)
      const service = yield* ServiceLog.record(runtime.host, runtime.start("polite", { argv: ["polite"] })).pipe(
        Scope.extend(scope),
        Effect.provide(withLog({ directory }))
      )
      yield* TestClock.adjust("1 second")
      yield* hosts.refuse("host-1")
      yield* hosts.reset("host-1")
      yield* TestClock.adjust("60 seconds")
      yield* drive(yield* Effect.fork(Scope.close(scope, Exit.void)))
      assert.match(yield* fs.readFileString(service.logFile ?? ""), /^hello\n# lost: host-1: .*lease/)
    }).pipe(Effect.scoped, Effect.provide([layer(["host-1"], { commands }), NodeContext.layer])))
})
