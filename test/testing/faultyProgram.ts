/** A program that does a bit of everything, on hosts in memory with whatever faults; and how it is run under a seed. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import * as RuntimeGroup from "../../src/runtimes/RuntimeGroup.ts"
import * as ExecutionLog from "../../src/services/ExecutionLog.ts"
import * as Tunnel from "../../src/services/Tunnel.ts"
import * as RuntimeTask from "../../src/tasks/RuntimeTask.ts"
import * as TaskRunner from "../../src/tasks/TaskRunner.ts"
import * as InMemoryFaults from "../../src/testing/InMemoryFaults.ts"
import type { Commands } from "../../src/testing/InMemoryHost.ts"
import { check, InMemorySsh } from "../../src/testing/InMemorySsh.ts"
import * as VirtualTime from "../../src/testing/VirtualTime.ts"

export const hosts = ["host-1", "host-2", "host-3"]

const commands: Commands = {
  server: ({ serveHttp }) =>
    serveHttp({ port: 8787 }, ({ path }) => Effect.succeed({ body: `you asked for ${path}` })).pipe(
      Effect.zipRight(Effect.never),
      Effect.catchAll(() => Effect.succeed(1))
    ),
  work: ({ argv, stdout }) =>
    Effect.sleep(Number(argv[1])).pipe(Effect.zipRight(stdout(`done ${argv[1]}\n`)), Effect.as(0))
}

const runner = TaskRunner.layer().pipe(
  Layer.provide([ExecutionLog.layerNoop, FileSystem.layerNoop({}), Path.layer])
)

const ask = (port: number) =>
  Effect.scoped(Effect.gen(function*() {
    const manager = yield* Runtime.manager()
    const socket = yield* Effect.flatMap(manager.connection, (here) => here.dial({ port }))
    return yield* Effect.async<string>((resume) => {
      let got = ""
      socket.on("data", (chunk) => got += String(chunk))
      socket.on("close", () => resume(Effect.succeed(got)))
      socket.write("GET /status HTTP/1.1\r\n\r\n")
    })
  })).pipe(Effect.timeoutOption("2 seconds"))

const task = (millis: number) =>
  RuntimeTask.make(`task-${millis}`).pipe(
    RuntimeTask.runCommand(`work ${millis}`),
    RuntimeTask.runCommand("echo hello")
  )

/** Gives the errors that it has met: it goes on after each. */
const program = Effect.gen(function*() {
  const errors = yield* Ref.make<ReadonlyArray<unknown>>([])
  const attempt = <A, E, R>(step: Effect.Effect<A, E, R>) =>
    Effect.catchAll(step, (error) => Ref.update(errors, (all) => [...all, error]))
  yield* attempt(Effect.gen(function*() {
    const manager = yield* Runtime.manager()
    const group = yield* RuntimeGroup.make(hosts, { policy: "bestEffort", lease: "4 seconds" })
    yield* Effect.forEach(group.runtimes, (runtime, index) =>
      Effect.gen(function*() {
        yield* attempt(runtime.start("server", { argv: ["server"] }))
        yield* attempt(Effect.gen(function*() {
          const tunnel = yield* Tunnel.make({ from: manager, at: { port: 0 }, to: runtime, target: { port: 8787 } })
          yield* Effect.sleep(100)
          yield* ask(tunnel.port)
        }))
        yield* attempt(Effect.gen(function*() {
          const files = yield* runtime.files
          yield* files.write(runtime.resolve("data"), Stream.make(new Uint8Array(20_000)))
          yield* Stream.runDrain(files.readAll(runtime.resolve("data")))
        }))
        for (const millis of [200, 1000]) yield* attempt(Runtime.execute(runtime, task(millis * (index + 1))))
      }), { concurrency: "unbounded", discard: true })
    yield* Effect.sleep("3 seconds")
  })).pipe(Effect.scoped)
  return yield* Ref.get(errors)
})

/** All faults of a seed, and the end of the program whenever it comes. */
export const scriptOf = (seed: number, count = 4) =>
  InMemoryFaults.draw({ seed, hosts, within: "8 seconds", count, ports: [8787, 32_768] })

/** What it met and all that happened; fails with what is left once leases have run out. */
export const simulate = (seed: number, script: InMemoryFaults.Script) =>
  Effect.gen(function*() {
    const world = yield* InMemorySsh
    const errors = yield* Effect.scoped(Effect.zipRight(InMemoryFaults.run(script), program))
    // A power cut leaves files; the next runtime on that host removes them.
    yield* Effect.forEach(hosts, (host) => Effect.scoped(Runtime.make(host)))
    return { errors, record: world.record }
  }).pipe(
    check(hosts.map((alias) => ({ alias, latency: "30 millis" })), { commands, patience: "5 minutes" }),
    Effect.flatMap(({ errors, record }) => Effect.map(record, (record) => ({ errors, record }))),
    Effect.provide(runner),
    // What is warned of is in the record.
    Logger.withMinimumLogLevel(LogLevel.None),
    VirtualTime.run({ seed })
  )
