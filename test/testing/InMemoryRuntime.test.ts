/**
 * What is built on connections runs on hosts in memory as it is.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as Cleanup from "../../src/runtimes/Cleanup.ts"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import * as RuntimeGroup from "../../src/runtimes/RuntimeGroup.ts"
import * as Host from "../../src/services/Host.ts"
import * as Tunnel from "../../src/services/Tunnel.ts"
import type { Commands } from "../../src/testing/InMemoryHost.ts"
import { InMemorySsh, layer } from "../../src/testing/InMemorySsh.ts"
import { text } from "./memoryClient.ts"

const commands: Commands = {
  worker: ({ stdout }) => Effect.zipRight(stdout("working\n"), Effect.never),
  server: ({ serveHttp }) =>
    Effect.zipRight(
      Effect.orDie(serveHttp({ port: 8787 }, ({ path }) => Effect.succeed({ body: `you asked for ${path}` }))),
      Effect.never
    )
}

const world = layer(["host-1", "host-2", "host-3"], { commands })

describe("on hosts in memory", () => {
  it.scoped("a runtime executes, starts, writes files, and leaves nothing", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const { reports } = yield* Cleanup.collect(Effect.scoped(Effect.gen(function*() {
        const runtime = yield* Runtime.make("host-1", { environment: { MODE: "test" } })
        assert.strictEqual(runtime.facts.cpus, 4)
        const process = yield* runtime.exec({ argv: ["env"] })
        const printed = yield* text(process.stdout)
        assert.include(printed, "MODE=test\n")
        assert.include(printed, `WORKING_DIR=${runtime.workingDirectory}\n`)
        const files = yield* runtime.files
        yield* files.write(runtime.resolve("data/../file"), Stream.make(new TextEncoder().encode("in it")))
        assert.strictEqual(yield* text((yield* runtime.exec({ argv: ["cat", "file"] })).stdout), "in it")
        const service = yield* runtime.start("worker", { argv: ["worker"] })
        assert.deepStrictEqual(
          Chunk.toReadonlyArray(yield* Stream.runCollect(Stream.take(Stream.decodeText(service.output("out")), 1))),
          ["working\n"]
        )
        assert.isAbove((yield* hosts.leftovers).length, 0)
        assert.strictEqual((yield* hosts.connections("host-1")).accepted, 1)
      })))
      assert.deepStrictEqual(yield* hosts.leftovers, [])
      assert.lengthOf(reports, 1)
      assert.deepInclude(reports[0], { host: "host-1", reached: true, left: [], stuck: [] })
    }).pipe(Effect.provide(world)))

  it.scoped("a process that is killed by name has exited, as its runtime sees it", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const runtime = yield* Runtime.make("host-1")
      const service = yield* runtime.start("worker", { argv: ["worker"] })
      yield* hosts.kill("host-1", service.name)
      assert.strictEqual(yield* service.exit, 137)
    }).pipe(Effect.provide(world)))

  it.scoped("a cut for less than the lease: the same process, the same output, one more connection", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const runtime = yield* Runtime.make("host-1")
      const service = yield* runtime.start("worker", { argv: ["worker"] })
      yield* hosts.refuse("host-1")
      yield* hosts.cut("host-1")
      yield* TestClock.adjust("20 seconds")
      yield* hosts.restore("host-1")
      yield* TestClock.adjust("5 seconds")
      yield* TestClock.adjust("1 minute")
      const running = yield* hosts.processes("host-1")
      assert.isTrue(running.some(({ name, pid }) => name === service.name && pid === service.pid))
      assert.strictEqual((yield* hosts.connections("host-1")).accepted, 2)
      assert.strictEqual(yield* text((yield* runtime.exec({ argv: ["echo", "back"] })).stdout), "back\n")
    }).pipe(Effect.provide(world)))

  it.scoped("a cut for longer than the lease: everything gone, and the runtime says so", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const runtime = yield* Runtime.make("host-1")
      yield* runtime.start("worker", { argv: ["worker"] })
      const states = yield* Ref.make<ReadonlyArray<string>>([])
      yield* Effect.fork(Stream.runForEach(runtime.link, (state) => Ref.update(states, (all) => [...all, state])))
      yield* hosts.unreachable("host-1")
      yield* TestClock.adjust("2 minutes")
      assert.deepStrictEqual(yield* hosts.leftovers, [])
      yield* hosts.restore("host-1")
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual((yield* Ref.get(states)).slice(-1), ["gone"])
      assert.strictEqual((yield* Effect.flip(runtime.exec({ argv: ["true"] }))).reason, "LinkLost")
    }).pipe(Effect.provide(world)))

  it.scoped("a group keeps the good hosts and tells of the bad one", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      yield* hosts.failAuthentication("host-2")
      const group = yield* RuntimeGroup.make(["host-1", "host-2", "host-3"], { policy: "bestEffort" })
      assert.deepStrictEqual(group.runtimes.map(({ host }) => host.alias), ["host-1", "host-3"])
      assert.deepStrictEqual(group.inactive.map(({ host }) => host), ["host-2"])
      assert.include(group.inactive[0]?.message, "Authentication")
    }).pipe(Effect.provide(world)))

  it.scoped("a tunnel from the manager carries HTTP to a process on a host", () =>
    Effect.gen(function*() {
      const [manager, runtime] = yield* Effect.all([Runtime.manager(), Runtime.make("host-1")])
      yield* runtime.start("server", { argv: ["server"] })
      const tunnel = yield* Tunnel.make({ from: manager, at: { port: 0 }, to: runtime, target: { port: 8787 } })
      const here = yield* manager.connection
      const answer = Effect.scoped(Effect.flatMap(here.dial({ port: tunnel.port }), (socket) =>
        Effect.async<string>((resume) => {
          let got = ""
          socket.on("data", (chunk) => got += String(chunk))
          socket.on("end", () => resume(Effect.succeed(got)))
          socket.write("GET /status HTTP/1.1\r\n\r\n")
        })))
      const fiber = yield* Effect.fork(answer)
      yield* TestClock.adjust("1 second")
      assert.isTrue(Option.isSome(yield* Fiber.poll(fiber)))
      assert.match(yield* Fiber.join(fiber), /\r\n\r\nyou asked for \/status$/)
      assert.isTrue(Host.isManager(manager.host))
    }).pipe(Effect.provide(world)))
})
