import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import { assertNone, assertSome } from "@effect/vitest/utils"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type * as Blueprint from "../../src/clusters/Blueprint.ts"
import * as ClusterLog from "../../src/clusters/ClusterLog.ts"
import { ClusterPlan } from "../../src/clusters/ClusterPlan.ts"
import * as Launcher from "../../src/clusters/Launcher.ts"
import * as ExecutionLog from "../../src/services/ExecutionLog.ts"
import * as ExecutionLogs from "../../src/services/ExecutionLogs.ts"
import type { Handler } from "../../src/testing/InMemoryHost.ts"
import { InMemorySsh } from "../../src/testing/InMemorySsh.ts"
import { blueprint, server } from "./memoryCluster.ts"
import { cluster, on } from "./supervised.ts"

/** Says something on both outputs, the last of it without an end of line. */
const talking: Handler = (process) =>
  Effect.gen(function*() {
    yield* process.stderr(`é\u001b[2Jwarning ${process.host}\nno end`)
    return yield* server(process)
  })

const withDashboard = (made: Blueprint.Blueprint): Blueprint.Blueprint => ({
  ...made,
  plan: (placement) =>
    ClusterPlan.make({ ...made.plan(placement), dashboard: { process: "master", port: "http", path: "/status" } })
})

describe("the logs of a cluster", () => {
  it.effect("have what each process prints, also after it was started again and has moved, until the cluster ends", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const scope = yield* Scope.make()
      const { cluster: made } = yield* Scope.extend(
        cluster(["a", "b"], blueprint({ workers: 1 }), { restart: Schedule.recurs(1) }),
        scope
      )
      const read = (options?: ClusterLog.Options) =>
        Effect.gen(function*() {
          const lines = yield* Ref.make<ReadonlyArray<ClusterLog.Line>>([])
          const reader = made.logs(options).pipe(
            Stream.runForEach((line) => Ref.update(lines, (all) => [...all, line])),
            Effect.forkDaemon
          )
          return { lines: Effect.map(Ref.get(lines), (all) => all.map(ClusterLog.render)), reader: yield* reader }
        })
      const all = yield* read()
      const fresh = yield* read({ since: "now" })
      yield* Effect.sleep("5 seconds")
      yield* hosts.kill("a", "server")
      yield* Effect.sleep("10 seconds")
      yield* hosts.kill("a", "server")
      yield* Effect.sleep("10 seconds")
      const late = yield* read({ processes: ["worker-1"] })
      yield* Effect.sleep("5 seconds")
      yield* Scope.close(scope, Exit.void)
      yield* Effect.forEach([all, fresh, late], ({ reader }) => Fiber.join(reader))

      const run = (host: string) =>
        [
          `worker-1 on ${host} | éwarning ${host}`,
          `worker-1 on ${host} | ${host} serves`,
          `worker-1 on ${host} | no end`
        ].sort()
      const ofWorker = (lines: ReadonlyArray<string>) => lines.filter((line) => line.startsWith("worker-1")).sort()
      const everything = yield* all.lines
      assert.deepStrictEqual(ofWorker(everything), [...run("a"), ...run("a"), ...run("b")].sort())
      assert.include(everything, "master on (manager) | (manager) serves")
      assert.deepStrictEqual(ofWorker(yield* fresh.lines), [...run("a"), ...run("b")].sort())
      assert.deepStrictEqual(yield* late.lines.pipe(Effect.map((lines) => lines.toSorted())), ofWorker(everything))
    }).pipe(on(["a", "b"], { server: talking })))
})

describe("the logs of a cluster in the execution log", () => {
  it.effect("are a log for each process and host, with what each printed from the beginning", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* fs.makeTempDirectoryScoped()
      yield* Effect.gen(function*() {
        const { cluster: made } = yield* cluster(["a", "b"], blueprint({ workers: 1 }))
        yield* ClusterLog.record(made)
        yield* Effect.sleep("5 seconds")
      }).pipe(Effect.scoped, Effect.provide(ExecutionLog.layer({ directory, format: "json" })))
      const lines = yield* ExecutionLogs.last(directory, 100)
      const said = new Set(lines.map(({ from, host, task, text }) => `${task} on ${host}, ${from}: ${text}`))
      assert.includeMembers([...said], [
        "master on (manager), stdout: (manager) serves",
        "worker-1 on a, stdout: a serves",
        "worker-1 on a, stderr: é\u001b[2Jwarning a"
      ])
    }).pipe(Effect.scoped, Effect.provide(NodeContext.layer), on(["a", "b"], { server: talking })))
})

describe("the dashboard of a cluster", () => {
  for (const launcher of [Launcher.roundRobin, Launcher.masterOn("a")]) {
    it.effect(`opens on the manager, with the master ${launcher === Launcher.roundRobin ? "there" : "on a host"}`, () =>
      Effect.gen(function*() {
        const { cluster: made } = yield* cluster(["a", "b"], withDashboard(blueprint({ launcher })))
        const port = Option.getOrThrow(yield* made.port("master", "http"))
        assertSome(yield* made.dashboard, `http://127.0.0.1:${port}/status`)
        const connection = yield* made.manager.connection
        yield* Effect.scoped(connection.dial({ port }))
      }).pipe(Effect.scoped, on(["a", "b"])))
  }

  it.effect("is none where the plan has none", () =>
    Effect.gen(function*() {
      const { cluster: made } = yield* cluster(["a"], blueprint())
      assertNone(yield* made.dashboard)
    }).pipe(on(["a"])))
})
