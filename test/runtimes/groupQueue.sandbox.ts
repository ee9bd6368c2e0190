/** The work queue on real processes: a host that falls silent or is cut off in the middle costs no item. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as RuntimeGroup from "../../src/runtimes/RuntimeGroup.ts"
import * as PythonFunction from "../../src/tasks/PythonFunction.ts"
import * as RuntimeTask from "../../src/tasks/RuntimeTask.ts"
import * as Sandbox from "../../src/testing/Sandbox.ts"
import { configure, nothingLeft, run, services } from "../faults/faulty.ts"
import { temporaryDirectory } from "../temporaryDirectory.ts"

const three = ["host-1", "host-2", "host-3"]

const items = Array.from({ length: 30 }, (_, n) => n)

/** Of the second host, and under way when that is disturbed. */
const long = 4

const slow = (n: number, first = "true") =>
  RuntimeTask.make("slow").pipe(RuntimeTask.runCommand(`${first}; sleep ${n === long ? 2 : 0.3}; echo ${n}`))

type Disturb = (host: Sandbox.SandboxHost, marks: string) => Effect.Effect<void>

/** From this item on, tasks of the disturbed queue wait until the host is back. */
const late = 12

/** Marks that a task runs on a host again that was cut off. */
const back = (marks: string, directory: string) =>
  `if [ -e ${marks}/cut ] && [ "$WORKING_DIR" = ${directory} ]; then touch ${marks}/back; fi`

/** Does something to a host once some items are done, and gives the results. */
const disturbed = (
  group: RuntimeGroup.RuntimeGroup,
  disturb: Effect.Effect<void>,
  task: (n: number) => RuntimeTask.RuntimeTask<[]>
) =>
  Effect.gen(function*() {
    const done = yield* Ref.make(0)
    return yield* RuntimeGroup.forEach(group, items, task, { perHost: 2 }).pipe(
      Stream.tap(() => Effect.whenEffect(disturb, Effect.map(Ref.updateAndGet(done, (n) => n + 1), (n) => n === 4))),
      Stream.runCollect,
      Effect.map((all) => [...all])
    )
  })

layer(Layer.merge(Sandbox.layer({ hosts: 3 }), NodeContext.layer), { excludeTestServices: true })("forEach", (it) => {
  /** Runs a queue on a Sandbox whose second host is disturbed; nothing is left on any host. */
  const tried = (options: {
    readonly disturb: Disturb
    readonly settled?: (host: Sandbox.SandboxHost) => Effect.Effect<void>
    /** Whether the host is waited for. */
    readonly returns: boolean
  }) =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.Sandbox
      const marks = yield* temporaryDirectory
      const host = sandbox.hosts[1]
      if (host === undefined) return yield* Effect.dieMessage("no host")
      const config = yield* configure(sandbox, {})
      const { exit, reports } = yield* run(
        RuntimeGroup.make(three, { lease: "30 seconds" }).pipe(
          Effect.flatMap((group) => {
            const second = group.runtimes[1]?.workingDirectory ?? ""
            return disturbed(group, options.disturb(host, marks), (n) => {
              if (!options.returns) return slow(n)
              const waits = n < late ? "true" : `until [ -e ${marks}/back ]; do sleep 0.1; done`
              return slow(n, `${back(marks, second)}; ${waits}`)
            })
          }),
          Effect.ensuring(options.settled?.(host) ?? Effect.void),
          Effect.scoped,
          Effect.provide(services(sandbox, config, { keepalive: "500 millis" }))
        )
      )
      yield* nothingLeft(sandbox, reports)
      const all = yield* exit
      assert.deepStrictEqual(all.map(({ index }) => index), items)
      assert.deepStrictEqual(all.map(({ result }) => result.executionLog[0]?.stdout), items.map((n) => `${n}\n`))
      return all
    })

  it.scoped("goes on elsewhere when a host falls silent", () =>
    Effect.gen(function*() {
      const all = yield* tried({ disturb: ({ stall }) => stall, settled: ({ resume }) => resume, returns: false })
      assert.isAbove(all.filter(({ attempt }) => attempt > 1).length, 0)
      assert.isAbove(all.filter(({ host }) => host === "host-2").length, 0)
      assert.deepStrictEqual(all.slice(-9).filter(({ host }) => host === "host-2"), [])
    }))

  it.scoped("runs again what a cut connection has cost, and goes on with the host", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const all = yield* tried({
        disturb: ({ cut }, marks) => Effect.zipRight(cut, Effect.orDie(fs.writeFileString(`${marks}/cut`, ""))),
        returns: true
      })
      assert.isAbove(all.filter(({ attempt }) => attempt > 1).length, 0)
      assert.isAbove(all.slice(late).filter(({ host }) => host === "host-2").length, 0)
    }))

  it.scoped("ends the processes when its reader leaves", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.Sandbox
      const config = yield* configure(sandbox, {})
      const fs = yield* FileSystem.FileSystem
      const marks = yield* temporaryDirectory
      const { exit, reports } = yield* run(
        Effect.gen(function*() {
          const group = yield* RuntimeGroup.make(three)
          const task = (n: number) =>
            RuntimeTask.make("t").pipe(RuntimeTask.runCommand(n === 0 ? "true" : `sleep 30; touch ${marks}/${n}`))
          return yield* Stream.runHead(RuntimeGroup.forEach(group, items, task))
        }).pipe(Effect.scoped, Effect.provide(services(sandbox, config)))
      )
      yield* exit
      yield* nothingLeft(sandbox, reports)
      assert.deepStrictEqual(yield* fs.readDirectory(marks), [])
    }))

  it.scoped("calls Python functions, whose values have their types", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.Sandbox
      const square = PythonFunction.make({
        source: "def square(x): return x ** 2",
        args: { x: Schema.Int },
        returns: Schema.Int
      })
      const { exit } = yield* run(
        Effect.gen(function*() {
          const group = yield* RuntimeGroup.make(three)
          return yield* RuntimeGroup.forEach(
            group,
            [1, 2, 3, 4, 5],
            (x) => RuntimeTask.make("square").pipe(RuntimeTask.runFunction(square, { x }))
          ).pipe(Stream.runFold(0, (sum, { result }) => sum + result.returns[0]))
        }).pipe(Effect.scoped, Effect.provide(services(sandbox, sandbox.configFile)))
      )
      assert.strictEqual(yield* exit, 55)
    }))
})
