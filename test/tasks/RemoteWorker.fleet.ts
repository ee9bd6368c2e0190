/** Workers on three real hosts at once: streams merged, a cable cut, a scope closed. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, describe, layer } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { execFileSync } from "node:child_process"
import * as Lazycluster from "../../src/Lazycluster.ts"
import * as Cleanup from "../../src/runtimes/Cleanup.ts"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import * as RuntimeHttp from "../../src/runtimes/RuntimeHttp.ts"
import * as RemoteWorker from "../../src/tasks/RemoteWorker.ts"
import * as Fleet from "../fleet/Fleet.ts"
import { eventually } from "../patience.ts"
import { Work } from "./workers/requests.ts"
import type * as module from "./workers/worker.ts"

const worker = RemoteWorker.fromModule<typeof module>(new URL("./workers/worker.ts", import.meta.url))({ group: Work })

/** Hosts may have Node elsewhere than where sshd looks. */
const interpreter = execFileSync("sh", ["-c", "command -v node"], { encoding: "utf8" }).trim()

const start = (runtime: Runtime.Runtime) => RemoteWorker.start(runtime, worker, { interpreter })

const onHosts = <A, E, R>(body: (fleet: Fleet.FleetService) => Effect.Effect<A, E, R>) =>
  Effect.flatMap(Fleet.Fleet, (fleet) =>
    body(fleet).pipe(
      Effect.scoped,
      Effect.provide(Lazycluster.layerOf({
        sshConfig: { file: fleet.configFile },
        // A cable that is cut is noticed soon.
        ssh: { keepalive: "1 second" },
        executionLog: { directory: `${fleet.home}/lazycluster` }
      }))
    ))

const workersOn = (fleet: Fleet.FleetService, host: number) =>
  Effect.map(fleet.processes(host), (all) => all.filter(({ command }) => command.includes("lazycluster-worker")).length)

describe.skipIf(!Fleet.available)("workers on the fleet", () => {
  layer(Fleet.layer({ hosts: 3 }).pipe(Layer.provideMerge(NodeContext.layer)), {
    excludeTestServices: true,
    timeout: "2 minutes"
  })("three hosts", (it) => {
    it.scoped("compute at once, and their streams are merged; nothing is left", () =>
      onHosts((fleet) =>
        Effect.gen(function*() {
          const { exit, reports } = yield* Cleanup.collect(
            Effect.gen(function*() {
              const runtimes = yield* Effect.forEach(fleet.hosts, (host) => Runtime.make(host), { concurrency: 3 })
              const clients = yield* Effect.forEach(runtimes, start, { concurrency: 3 })
              const merged = Stream.mergeAll(clients.map((client) => client.count({ to: 100 })), { concurrency: 3 })
              return Chunk.reduce(yield* Stream.runCollect(merged), 0, (a, b) => a + b)
            }).pipe(Effect.scoped)
          )
          assert.deepStrictEqual(exit, Exit.succeed(15_150))
          assert.strictEqual(reports.length, 3)
          for (const report of reports) assert.isTrue(report.clean, JSON.stringify(report))
          for (const host of [1, 2, 3]) assert.strictEqual(yield* workersOn(fleet, host), 0)
        })
      ))

    it.scoped("a cut cable fails what is under way, with its host; the others go on", () =>
      onHosts((fleet) =>
        Effect.gen(function*() {
          const [first, second] = yield* Effect.forEach(
            fleet.hosts.slice(0, 2),
            (host) => Runtime.make(host, { lease: "5 seconds" }),
            { concurrency: 2 }
          )
          if (first === undefined || second === undefined) return yield* Effect.dieMessage("two hosts are needed")
          const [one, two] = yield* Effect.all([start(first), start(second)], { concurrency: 2 })
          const begun = yield* Deferred.make<void>()
          const stream = yield* Effect.fork(Effect.flip(
            Stream.runForEach(one.endless({}), () => Deferred.succeed(begun, undefined))
          ))
          const call = yield* Effect.fork(Effect.flip(one.hang({})))
          yield* Deferred.await(begun)
          yield* fleet.cut(1)
          for (const error of [yield* Fiber.join(stream), yield* Fiber.join(call)]) {
            assert.deepInclude(error, { _tag: "RemoteWorkerError", reason: "Link", host: fleet.hosts[0] ?? "" })
          }
          assert.strictEqual(yield* two.square({ x: 5 }), 25)
          // The host ends it by itself: by its lease.
          yield* eventually(Effect.filterOrFail(workersOn(fleet, 1), (n) => n === 0, () => "a worker is left"))
          yield* fleet.join(1)
        })
      ))

    it.scoped("a worker ends with its scope, with handlers under way", () =>
      onHosts((fleet) =>
        Effect.gen(function*() {
          const runtime = yield* Runtime.make(fleet.hosts[1] ?? "")
          const scope = yield* Scope.make()
          const client = yield* Scope.extend(start(runtime), scope)
          yield* Effect.fork(client.hang({}))
          assert.isAbove(yield* workersOn(fleet, 2), 0)
          yield* Scope.close(scope, Exit.void)
          assert.strictEqual(yield* workersOn(fleet, 2), 0)
        })
      ))

    it.scoped("an HttpClient reaches a server that only its host can reach", () =>
      onHosts((fleet) =>
        Effect.gen(function*() {
          const runtime = yield* Runtime.make(fleet.hosts[2] ?? "")
          yield* runtime.start("web", {
            argv: [
              "python3",
              "-m",
              "http.server",
              "--bind",
              "127.0.0.1",
              "8137",
              "--directory",
              runtime.workingDirectory
            ]
          })
          const http = yield* RuntimeHttp.client(runtime)
          const page = yield* eventually(http.get("http://localhost:8137/"))
          assert.strictEqual(page.status, 200)
          assert.include(yield* page.text, "Directory listing")
        })
      ))
  })
})
