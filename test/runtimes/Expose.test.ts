import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as Expose from "../../src/runtimes/Expose.ts"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import * as RuntimeGroup from "../../src/runtimes/RuntimeGroup.ts"
import type { Address } from "../../src/services/SshConnection.ts"
import type { Commands } from "../../src/testing/InMemoryHost.ts"
import { InMemorySsh, layer } from "../../src/testing/InMemorySsh.ts"

/** Says `HOST:PORT` to who connects to one of its arguments: ports, or paths of sockets. */
const commands: Commands = {
  serve: ({ argv, host, listen }) =>
    Effect.orDie(Effect.forEach(argv.slice(1), (word) =>
      Effect.gen(function*() {
        const at: Address = word.startsWith("/") ? { path: word } : { port: Number(word) }
        const { connections } = yield* listen(at)
        yield* Stream.runForEach(connections, (socket) => Effect.sync(() => void socket.end(`${host}:${word}`)))
      }), { concurrency: "unbounded" })).pipe(Effect.as(0))
}

const hosts = ["host-1", "host-2", "host-3", { alias: "near", sharesManagerNetwork: true }, {
  alias: "twin-1",
  facts: { network: "net:[twins]", bootId: "twins" }
}, { alias: "twin-2", facts: { network: "net:[twins]", bootId: "twins" } }]

const world = layer(hosts, { commands })

const ask = (runtime: Runtime.Runtime, at: Address) =>
  Effect.scoped(Effect.gen(function*() {
    const connection = yield* runtime.connection
    const socket = yield* connection.dial(at)
    return yield* Effect.async<string>((resume) => {
      let got = ""
      socket.on("data", (chunk) => {
        got += String(chunk)
      })
      socket.on("close", () => resume(Effect.succeed(got)))
      socket.resume().end()
    })
  }))

const serve = (runtime: Runtime.Runtime, ...at: ReadonlyArray<number | string>) =>
  runtime.start("serve", { argv: ["serve", ...at.map(String)] })

const shown = (exposed: Expose.Exposed) => Expose.render(exposed).split("\n")

const held = Effect.flatMap(
  InMemorySsh,
  ({ leftovers }) =>
    Effect.map(
      leftovers,
      (all) => all.filter((left) => left.includes("held by sshd") || left.includes("held by manager"))
    )
)

const both = Effect.all([Runtime.manager(), Runtime.make("host-1")])
const group = (...names: ReadonlyArray<string>) => RuntimeGroup.make(names)

describe("Expose", () => {
  it.scoped("a port of the manager on a runtime, and one of the runtime on the manager", () =>
    Effect.gen(function*() {
      const [manager, runtime] = yield* both
      yield* serve(manager, 40_000)
      yield* serve(runtime, 50_000)
      const scope = yield* Scope.make()
      yield* Effect.gen(function*() {
        const there = yield* Expose.toRuntime(runtime, 40_000)
        const here = yield* Expose.fromRuntime(runtime, 50_000)
        assert.deepStrictEqual([there.port, there.ports, here.port], [40_000, [40_000], 50_000])
        assert.deepStrictEqual([...shown(there), ...shown(here)], [
          "host-1 127.0.0.1:40000 -> (manager) 127.0.0.1:40000",
          "(manager) 127.0.0.1:50000 -> host-1 127.0.0.1:50000"
        ])
      }).pipe(Scope.extend(scope))
      assert.strictEqual(yield* ask(runtime, { port: 40_000 }), "(manager):40000")
      assert.strictEqual(yield* ask(manager, { port: 50_000 }), "host-1:50000")
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(yield* held, [])
    }).pipe(Effect.provide(world)))

  it.scoped("needs nothing where both ends share a network, and says so", () =>
    Effect.gen(function*() {
      const near = yield* Runtime.make("near")
      const there = yield* Expose.toRuntime(near, 40_000)
      const any = yield* Expose.fromRuntime(near, 50_000, { at: "any" })
      assert.deepStrictEqual([...shown(there), ...shown(any)], [
        "near 127.0.0.1:40000 -> (manager) 127.0.0.1:40000 (one network, no tunnel)",
        "(manager) 127.0.0.1:50000 -> near 127.0.0.1:50000 (one network, no tunnel)"
      ])
      assert.deepStrictEqual(yield* held, [])
      // Another number is another listener.
      assert.isTrue(
        Option.isSome((yield* Expose.toRuntime(near, 40_000, { at: 40_001 })).routes[0]?.tunnel ?? Option.none())
      )
    }).pipe(Effect.provide(world)))

  it.scoped("one number that is taken: PortInUse and the host that listens, and nothing is left", () =>
    Effect.gen(function*() {
      const panel = yield* InMemorySsh
      const [, runtime] = yield* both
      yield* panel.takePort("host-1", 9000)
      yield* panel.takePort("(manager)", 9001)
      const there = yield* Effect.flip(Expose.toRuntime(runtime, 8000, { at: 9000 }))
      const here = yield* Effect.flip(Expose.fromRuntime(runtime, 8000, { at: 9001 }))
      assert.deepInclude(there, { _tag: "SshError", reason: "PortInUse", host: "host-1" })
      assert.include(there.message, "127.0.0.1:9000 is held by another program")
      assert.deepInclude(here, { _tag: "SshError", reason: "PortInUse", host: "(manager)" })
      assert.deepStrictEqual(yield* held, [])
    }).pipe(Effect.provide(world)))

  it.scoped("the first free of a list; none: each host and number is named", () =>
    Effect.gen(function*() {
      const panel = yield* InMemorySsh
      const [manager, runtime] = yield* both
      yield* serve(manager, 8000)
      yield* panel.takePort("host-1", 9000)
      assert.strictEqual((yield* Expose.toRuntime(runtime, 8000, { at: [9000, 9001, 9002] })).port, 9001)
      assert.strictEqual(yield* ask(runtime, { port: 9001 }), "(manager):8000")
      for (const at of [[9000, 9001], [9000], []]) {
        const error = yield* Effect.flip(Expose.toRuntime(runtime, 8000, { at }))
        assert.deepInclude(error, { _tag: "ExposeError", reason: "NoPort", step: "Expose.toRuntime" })
        for (const port of at) assert.include(error.message, `host-1: 127.0.0.1:${port}`)
      }
    }).pipe(Effect.provide(world)))

  it.scoped("a range as a whole, or not at all", () =>
    Effect.gen(function*() {
      const panel = yield* InMemorySsh
      const [manager, runtime] = yield* both
      yield* serve(manager, 8000, 8001, 8002)
      yield* panel.takePort("host-1", 9002)
      const error = yield* Effect.flip(Expose.toRuntime(runtime, Expose.range(8000, 8002), { at: 9000 }))
      assert.deepInclude(error, { _tag: "SshError", reason: "PortInUse", host: "host-1" })
      assert.deepStrictEqual(yield* held, [])
      const second = yield* Expose.toRuntime(runtime, Expose.range(8000, 8002), { at: [9001, 9003] })
      assert.deepStrictEqual(second.ports, [9003, 9004, 9005])
      assert.deepStrictEqual(
        yield* Effect.forEach(second.ports, (port) => ask(runtime, { port })),
        ["(manager):8000", "(manager):8001", "(manager):8002"]
      )
      const any = yield* Expose.toRuntime(runtime, Expose.range(8000, 8002), { at: "any" })
      assert.deepStrictEqual(any.ports, [any.port, any.port + 1, any.port + 2])
      assert.strictEqual(yield* ask(runtime, { port: any.port + 2 }), "(manager):8002")
    }).pipe(Effect.provide(world)))

  it.scoped("on any number a range goes round what is taken", () =>
    Effect.gen(function*() {
      const panel = yield* InMemorySsh
      const [, runtime] = yield* both
      // The first number that the system gives is 32768.
      yield* panel.takePort("host-1", 32_769)
      const { ports } = yield* Expose.toRuntime(runtime, Expose.range(8000, 8002), { at: "any" })
      assert.isTrue(ports.every((port) => port !== 32_769 && port > 32_769))
      assert.lengthOf(yield* held, 3)
    }).pipe(Effect.provide(world)))

  it.scoped("a group: one number everywhere, the next one when a member refuses; excluded hosts are left alone", () =>
    Effect.gen(function*() {
      const panel = yield* InMemorySsh
      const manager = yield* Runtime.manager()
      yield* serve(manager, 8000)
      const all = yield* group("host-1", "host-2", "host-3", "near", "twin-1", "twin-2")
      yield* panel.takePort("host-2", 8000)
      yield* panel.takePort("host-3", 9000)
      const one = yield* Effect.flip(Expose.toGroup(all, 8000))
      assert.deepInclude(one, { _tag: "SshError", reason: "PortInUse", host: "host-2" })
      assert.deepStrictEqual(yield* held, [])
      const exposed = yield* Expose.toGroup(all, 8000, { at: [8000, 9000, 9001] })
      assert.strictEqual(exposed.port, 9001)
      for (const runtime of all.runtimes) {
        assert.strictEqual(yield* ask(runtime, { port: 9001 }), "(manager):8000", runtime.host.alias)
      }
      // The twins share one listener, the member near the manager has one of its own as the number is another.
      assert.lengthOf(yield* held, 5)
      const without = yield* Expose.toGroup(all, 8000, { exclude: ["host-2"] })
      assert.deepStrictEqual(without.routes.map(({ from }) => from.alias), [
        "host-1",
        "host-3",
        "near",
        "twin-1",
        "twin-2"
      ])
      const [, , near, twin, other] = without.routes.map(({ tunnel }) => Option.getOrUndefined(tunnel))
      assert.isUndefined(near)
      assert.isDefined(twin)
      assert.strictEqual(twin, other)
      const stranger = yield* Effect.flip(Expose.toGroup(all, 8000, { exclude: ["host-9"] }))
      assert.deepInclude(stranger, { _tag: "GroupError", reason: "UnknownHost" })
    }).pipe(Effect.provide(world)))

  it.scoped("a member's service on the rest of its group, and no port on the manager", () =>
    Effect.gen(function*() {
      const all = yield* group("host-1", "host-2", "host-3")
      const [one, two, three] = all.runtimes
      if (one === undefined || two === undefined || three === undefined) return assert.fail("no group")
      yield* serve(one, 5432)
      const exposed = yield* Expose.fromRuntimeToGroup(all, "host-1", 5432, { at: "any" })
      assert.deepStrictEqual(exposed.routes.map(({ from, to }) => [from.alias, to.alias]), [
        ["host-2", "host-1"],
        ["host-3", "host-1"]
      ])
      for (const runtime of [two, three]) {
        assert.strictEqual(yield* ask(runtime, { port: exposed.port }), "host-1:5432")
      }
      assert.isEmpty((yield* held).filter((left) => left.startsWith("(manager)")))
      const stranger = yield* Effect.flip(Expose.fromRuntimeToGroup(all, "host-9", 5432))
      assert.deepInclude(stranger, { _tag: "GroupError", reason: "UnknownHost" })
    }).pipe(Effect.provide(world)))

  it.scoped("Unix sockets at either end, relative to the runtime's directory, gone with the scope", () =>
    Effect.gen(function*() {
      const panel = yield* InMemorySsh
      const [manager, runtime] = yield* both
      yield* serve(runtime, runtime.resolve("service.sock"))
      yield* serve(manager, 8000)
      const scope = yield* Scope.make()
      const [port, socket, far] = yield* Effect.all([
        Expose.fromRuntime(runtime, { path: "service.sock" }),
        Expose.toRuntime(runtime, 8000, { at: { path: "manager.sock" } }),
        Expose.fromRuntime(runtime, { path: "service.sock" }, { at: { path: "/tmp/here.sock" } })
      ]).pipe(Scope.extend(scope))
      assert.strictEqual(yield* ask(manager, { port: port.port }), `host-1:${runtime.resolve("service.sock")}`)
      const path = runtime.resolve("manager.sock")
      assert.deepStrictEqual(socket.routes.map(({ at }) => at), [{ path }])
      assert.strictEqual(yield* ask(runtime, { path }), "(manager):8000")
      assert.strictEqual(yield* ask(manager, { path: "/tmp/here.sock" }), `host-1:${runtime.resolve("service.sock")}`)
      assert.deepStrictEqual([far.port, far.ports], [0, []])
      const again = yield* Effect.flip(Expose.toRuntime(runtime, 8000, { at: { path: "manager.sock" } }))
      assert.deepInclude(again, { reason: "PortInUse", host: "host-1" })
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(yield* held, [])
      for (const [host, file] of [["host-1", path], ["(manager)", "/tmp/here.sock"]] as const) {
        assert.isTrue(Option.isNone(yield* Effect.flatMap(panel.files(host), (files) => files.stat(file))), file)
      }
    }).pipe(Effect.provide(world)))

  it.scoped("what is no port is said before anything is bound", () =>
    Effect.gen(function*() {
      const [, runtime] = yield* both
      const cases: ReadonlyArray<readonly [Expose.Service, Expose.Options]> = [
        [0, {}],
        [70_000, {}],
        [1.5, {}],
        [8000, { at: 0 }],
        [8000, { at: [9000, -1] }],
        [Expose.range(8001, 8000), {}],
        [Expose.range(65_530, 65_540), {}],
        [{ first: 1, count: 10 ** 10 }, {}],
        [Expose.range(1, 10), { at: 65_530 }],
        [Expose.range(1, 10), { at: { path: "x" } }]
      ]
      for (const [service, options] of cases) {
        const error = yield* Effect.flip(Expose.toRuntime(runtime, service, options))
        assert.deepInclude(error, { _tag: "ExposeError", reason: "InvalidPort" }, JSON.stringify([service, options]))
      }
      assert.deepStrictEqual(yield* held, [])
    }).pipe(Effect.provide(world)))

  it.scoped("heals on every member, and its states say so", () =>
    Effect.gen(function*() {
      const panel = yield* InMemorySsh
      const all = yield* group("host-1", "host-2", "host-3")
      const [one, two] = all.runtimes
      if (one === undefined || two === undefined) return assert.fail("no group")
      yield* serve(one, 5432)
      const exposed = yield* Expose.fromRuntimeToGroup(all, "host-1", 5432)
      const seen = yield* Expose.states(exposed).pipe(
        Stream.map(({ state, tunnel }) => `${tunnel.from.alias} ${state._tag}`),
        Stream.take(6),
        Stream.runCollect,
        Effect.fork
      )
      yield* TestClock.adjust("1 second")
      yield* panel.cut("host-1")
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual([...yield* Fiber.join(seen)].sort(), [
        "host-2 Healing",
        "host-2 Open",
        "host-2 Open",
        "host-3 Healing",
        "host-3 Open",
        "host-3 Open"
      ])
      assert.strictEqual(yield* ask(two, { port: 5432 }), "host-1:5432")
    }).pipe(Effect.provide(world)))
})
