import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as Cleanup from "../../src/runtimes/Cleanup.ts"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import { Ledger } from "../../src/services/Ledger.ts"
import * as Tunnel from "../../src/services/Tunnel.ts"
import type { Commands } from "../../src/testing/InMemoryHost.ts"
import { InMemorySsh, layer } from "../../src/testing/InMemorySsh.ts"
import { text } from "../testing/memoryClient.ts"

const settled = TestClock.adjust(0)

const commands: Commands = {
  worker: ({ stdout }) => Effect.zipRight(stdout("working\n"), Effect.never),
  stubborn: ({ ignore }) => Effect.zipRight(ignore("TERM"), Effect.never),
  ticker: ({ stdout }) =>
    Effect.iterate(0, {
      while: () => true,
      body: (n) => Effect.as(Effect.zipRight(stdout(`${n}\n`), Effect.sleep("1 second")), n + 1)
    }),
  /** More than the cap of 16 MiB, then a last word. */
  gusher: ({ argv, stdout }) =>
    Effect.zipRight(
      Effect.forEach(Array.from({ length: Number(argv[1]) }), () => stdout(new Uint8Array(1024 * 1024).fill(46)), {
        discard: true
      }),
      Effect.zipRight(stdout("the end\n"), Effect.succeed(0))
    )
}

const world = layer(["host-1"], { commands })

/** Begins something that takes time by the clock, and lets so much pass. */
const during = <A, E, R>(effect: Effect.Effect<A, E, R>, time: Parameters<typeof TestClock.adjust>[0]) =>
  Effect.fork(effect).pipe(Effect.tap(() => TestClock.adjust(time)), Effect.flatMap(Fiber.join))

const make = (scope: Scope.Scope, options?: Runtime.Options) => Scope.extend(Runtime.make("host-1", options), scope)

const names = Effect.map(
  Effect.flatMap(InMemorySsh, (hosts) => hosts.processes("host-1")),
  (all) => all.map(({ argv }) => argv[0]).filter((name) => name?.startsWith("lazycluster-") === false)
)

/** Begins a process again and again, interrupted a little later each time: it is gone soon after, and nothing is left. */
const interruptedAtAnyMoment = <A>(
  most: number,
  begin: (runtime: Runtime.Runtime) => Effect.Effect<A, unknown, Scope.Scope>
) =>
  Effect.gen(function*() {
    const hosts = yield* InMemorySsh
    const scope = yield* Scope.make()
    const runtime = yield* during(make(scope), "5 seconds")
    for (let millis = 0; millis <= most; millis += 25) {
      const fiber = yield* Effect.fork(
        Effect.scoped(Effect.zipRight(begin(runtime), Effect.never))
      )
      yield* TestClock.adjust(millis)
      yield* Fiber.interruptFork(fiber)
      yield* TestClock.adjust("4 seconds")
      assert.isTrue(Option.isSome(yield* Fiber.poll(fiber)), `${millis}`)
      assert.deepStrictEqual(yield* names, [], `${millis}`)
    }
    yield* during(Scope.close(scope, Exit.void), "5 seconds")
    assert.deepStrictEqual(yield* hosts.leftovers, [])
  }).pipe(Effect.provide(layer([{ alias: "host-1", latency: "100 millis" }], { commands })))

describe("a runtime", () => {
  it.scoped("has an environment, paths and facts", () =>
    Effect.gen(function*() {
      const runtime = yield* Runtime.make("host-1", { environment: { A: "1" }, workingDirectory: "~/my work" })
      assert.strictEqual(runtime.workingDirectory, "/home/user/my work")
      assert.deepStrictEqual(runtime.environment, { A: "1", WORKING_DIR: "/home/user/my work" })
      assert.strictEqual(runtime.resolve("a/../b"), "/home/user/my work/b")
      assert.strictEqual(runtime.resolve("~/x"), "/home/user/x")
      assert.strictEqual(runtime.resolve("/etc"), "/etc")
      assert.deepInclude(runtime.facts, { hostname: "host-1", cpus: 4, python: "3.11.2" })
      const process = yield* runtime.exec({ argv: ["env"], env: { A: "2", B: "b c" } })
      const printed = (yield* text(process.stdout)).split("\n")
      for (const line of ["A=2", "B=b c", "WORKING_DIR=/home/user/my work", `LAZYCLUSTER_LEASE=${runtime.id}`]) {
        assert.include(printed, line)
      }
      const elsewhere = yield* runtime.exec({ argv: ["pwd"], cwd: "~" })
      assert.strictEqual(yield* text(elsewhere.stdout), "/home/user\n")
    }).pipe(Effect.provide(world)))

  it.scoped("lets nobody set its directory or its lease by the environment", () =>
    Effect.gen(function*() {
      const runtime = yield* Runtime.make("host-1", {
        environment: { WORKING_DIR: "/elsewhere", LAZYCLUSTER_LEASE: "none" }
      })
      const printed = (yield* text((yield* runtime.exec({ argv: ["env"] })).stdout)).split("\n")
      assert.include(printed, `WORKING_DIR=${runtime.workingDirectory}`)
      assert.include(printed, `LAZYCLUSTER_LEASE=${runtime.id}`)
    }).pipe(Effect.provide(world)))

  it.effect("ends everything with its scope, and reports it", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const collected = Cleanup.collect(Effect.gen(function*() {
        const runtime = yield* Runtime.make("host-1")
        yield* runtime.exec({ argv: ["worker"] })
        yield* runtime.start("worker", { argv: ["worker"] })
        yield* runtime.connection.pipe(Effect.flatMap((connection) => connection.listen({ port: 4000 })))
        assert.isAbove((yield* hosts.leftovers).length, 0)
        return runtime.id
      }))
      const { exit, reports } = yield* during(collected, "10 seconds")
      assert.deepStrictEqual(yield* hosts.leftovers, [])
      assert.deepStrictEqual((yield* hosts.connections("host-1")).open, 0)
      assert.lengthOf(reports, 1)
      assert.deepInclude(reports[0], { host: "host-1", reached: true, killed: 0, left: [], stuck: [], kept: [] })
      assert.strictEqual(reports[0]?.runtime, Exit.isSuccess(exit) ? exit.value : "")
      assert.isTrue(reports[0]?.clean)
      assert.lengthOf(reports[0]?.removed ?? [], 1)
    }).pipe(Effect.provide(world)))

  it.scoped("kills what does not heed TERM, after the grace and no earlier", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const scope = yield* Scope.make()
      const runtime = yield* make(scope, { grace: "3 seconds" })
      yield* runtime.start("stubborn", { argv: ["stubborn"] })
      const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
      yield* TestClock.adjust("2900 millis")
      assert.deepStrictEqual(yield* names, ["stubborn"])
      yield* TestClock.adjust("200 millis")
      yield* Fiber.join(closing)
      assert.deepStrictEqual(yield* hosts.leftovers, [])
    }).pipe(Effect.provide(world)))

  it.effect("keeps a ledger, as its schema says, until the end", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const files = yield* hosts.files("host-1")
      const scope = yield* Scope.make()
      const runtime = yield* make(scope, { lease: "12 seconds" })
      const service = yield* Scope.extend(runtime.start("worker", { argv: ["worker", "--token=secret"] }), scope)
      yield* settled
      const path = `.local/state/lazycluster/${runtime.id}.json`
      const content = yield* text(files.readAll(path))
      const ledger = yield* Schema.decode(Schema.parseJson(Ledger))(content)
      assert.deepInclude(ledger, {
        version: 1,
        id: runtime.id,
        host: "host-1",
        leaseSeconds: 12,
        bootId: runtime.facts.bootId,
        workingDirectory: runtime.workingDirectory
      })
      assert.deepStrictEqual(ledger.processes.map(({ command, name, pid }) => ({ command, name, pid })), [
        { command: "worker", name: service.name, pid: service.pid }
      ])
      assert.notInclude(content, "secret")
      assert.strictEqual(Option.getOrThrow(yield* files.stat(path)).mode, 0o600)
      yield* Scope.close(scope, Exit.void)
      assert.isTrue(Option.isNone(yield* files.stat(path)))
    }).pipe(Effect.provide(world)))

  it.effect("notes the ports that tunnels and clusters hold, as long as they do", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const files = yield* hosts.files("host-1")
      const scope = yield* Scope.make()
      const runtime = yield* make(scope)
      const ports = Effect.gen(function*() {
        yield* settled
        const content = yield* text(files.readAll(`.local/state/lazycluster/${runtime.id}.json`))
        return (yield* Schema.decode(Schema.parseJson(Ledger))(content)).ports
      })
      const tunnel = yield* Scope.fork(scope, ExecutionStrategy.sequential)
      yield* Scope.extend(
        Tunnel.make({ from: runtime, at: { port: 40_000 }, to: runtime, target: { port: 50_000 } }),
        tunnel
      )
      yield* Effect.scoped(Effect.gen(function*() {
        yield* runtime.holdsPort(40_001)
        assert.deepStrictEqual(yield* ports, [40_000, 40_001])
      }))
      assert.deepStrictEqual(yield* ports, [40_000])
      yield* Scope.close(tunnel, Exit.void)
      assert.deepStrictEqual(yield* ports, [])
      yield* Scope.close(scope, Exit.void)
    }).pipe(Effect.provide(world)))

  it.scoped("refuses a directory that cannot be written, and leaves nothing", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      yield* (yield* hosts.files("host-1")).chmod("/locked", 0o500)
      const error = yield* Effect.flip(Runtime.make("host-1", { workingDirectory: "/locked/work" }))
      assert.deepInclude(error, { _tag: "RuntimeError", reason: "WorkingDirectory", host: "host-1" })
      // Not when the scope closes: at once.
      assert.deepStrictEqual(yield* hosts.leftovers, [])
      assert.strictEqual((yield* hosts.connections("host-1")).open, 0)
    }).pipe(Effect.provide(layer([{ alias: "host-1", files: { "/locked/": "" } }]))))
})

describe("exec", () => {
  it.scoped("halts its process when its scope closes before it has exited, and only then", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const runtime = yield* Runtime.make("host-1")
      yield* Effect.scoped(Effect.flatMap(runtime.exec({ argv: ["worker"] }), ({ stdout }) => Stream.runHead(stdout)))
      assert.deepStrictEqual(yield* names, [])
      yield* Effect.scoped(Effect.flatMap(runtime.exec({ argv: ["true"] }), ({ exit }) => exit))
      const signals = (yield* hosts.record).filter(({ _tag }) => _tag === "Signalled")
      assert.lengthOf(signals, 1)
    }).pipe(Effect.provide(world)))

  it.scoped("that is interrupted at any moment leaves no process", () =>
    interruptedAtAnyMoment(600, (runtime) => runtime.exec({ argv: ["worker"] })))

  it.scoped("whose link was lost: the process is halted when the link is back, and nobody waits for it", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const runtime = yield* Runtime.make("host-1")
      yield* hosts.refuse("host-1")
      const user = yield* Effect.fork(
        Effect.scoped(Effect.flatMap(runtime.exec({ argv: ["worker"] }), ({ exit }) => exit))
      )
      yield* settled
      yield* hosts.cut("host-1")
      yield* TestClock.adjust("20 seconds")
      assert.deepStrictEqual(yield* names, ["worker"])
      assert.isTrue(Option.isSome(yield* Fiber.poll(user)))
      yield* hosts.restore("host-1")
      yield* TestClock.adjust("3 seconds")
      assert.deepStrictEqual(yield* names, [])
    }).pipe(Effect.provide(world)))
})

describe("interruption of make", () => {
  for (const latency of [100, 1000]) {
    it.effect(`at every moment leaves no process, directory or connection (latency ${latency} ms)`, () =>
      Effect.gen(function*() {
        const hosts = yield* InMemorySsh
        let finished = 0
        for (let step = 0; step <= 24; step++) {
          const made = yield* Ref.make(false)
          const fiber = yield* Effect.fork(
            Cleanup.collect(Effect.zipRight(Runtime.make("host-1"), Effect.zipRight(Ref.set(made, true), Effect.never)))
          )
          yield* TestClock.adjust(step * latency / 4)
          if (yield* Ref.get(made)) finished += 1
          yield* Fiber.interruptFork(fiber)
          // Well within the lease of 30 seconds.
          yield* TestClock.adjust("9 seconds")
          assert.isTrue(Option.isSome(yield* Fiber.poll(fiber)), `step ${step}`)
          assert.deepStrictEqual(yield* hosts.leftovers, [], `step ${step}`)
          assert.strictEqual((yield* hosts.connections("host-1")).open, 0, `step ${step}`)
        }
        assert.isAbove(finished, 0)
        assert.isBelow(finished, 24)
      }).pipe(Effect.provide(layer([{ alias: "host-1", latency }], { commands }))))
  }
})

describe("long-running processes", () => {
  it.scoped("have a name that guardians take, whatever it was", () =>
    Effect.gen(function*() {
      const runtime = yield* Runtime.make("host-1")
      for (const name of ["a b/c", ".hidden", "", "-x", "ü", "a\nb"]) {
        const service = yield* runtime.start(name, { argv: ["worker"] })
        assert.match(service.name, /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/)
      }
    }).pipe(Effect.provide(world)))

  it.scoped("end with their own scope; the exit code tells of the signal", () =>
    Effect.gen(function*() {
      const runtime = yield* Runtime.make("host-1")
      const scope = yield* Scope.make()
      const service = yield* Scope.extend(runtime.start("worker", { argv: ["worker"] }), scope)
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(yield* service.exit, 143)
      assert.deepStrictEqual(yield* names, [])
    }).pipe(Effect.provide(world)))

  it.scoped("whose start is interrupted at any moment are ended soon after", () =>
    interruptedAtAnyMoment(400, (runtime) => runtime.start("worker", { argv: ["worker"] })))

  it.scoped("tell what they print across a cut, without loss or repeat", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const runtime = yield* Runtime.make("host-1")
      const service = yield* runtime.start("ticker", { argv: ["ticker"] })
      const heard = yield* Ref.make("")
      const reader = yield* Effect.fork(
        Stream.runForEach(Stream.decodeText(service.output("out")), (part) => Ref.update(heard, (all) => all + part))
      )
      yield* TestClock.adjust("5 seconds")
      for (const fault of ["cut", "reset"] as const) {
        yield* hosts.refuse("host-1")
        yield* hosts[fault]("host-1")
        yield* TestClock.adjust("10 seconds")
        yield* hosts.restore("host-1")
        yield* TestClock.adjust("5 seconds")
      }
      const lines = (yield* Ref.get(heard)).trimEnd().split("\n")
      assert.deepStrictEqual(lines, Array.from({ length: lines.length }, (_, n) => String(n)))
      assert.isAtLeast(lines.length, 30)
      yield* hosts.kill("host-1", service.name)
      yield* TestClock.adjust("1 second")
      assert.isTrue(Exit.isSuccess(yield* Fiber.await(reader)))
    }).pipe(Effect.provide(world)))

  it.scoped("tell what they print from an offset on", () =>
    Effect.gen(function*() {
      const runtime = yield* Runtime.make("host-1")
      const service = yield* runtime.start("echo", { argv: ["echo", "0123456789"] })
      assert.strictEqual(yield* service.exit, 0)
      assert.strictEqual(yield* text(service.output("out", 4)), "456789\n")
      assert.strictEqual(yield* text(service.output("err")), "")
      assert.deepStrictEqual(yield* service.tail, ["0123456789"])
    }).pipe(Effect.provide(world)))

  it.scoped("that print more than the cap: a reader that was behind goes on after what was dropped, once", () =>
    Effect.gen(function*() {
      const runtime = yield* Runtime.make("host-1")
      const service = yield* runtime.start("gusher", { argv: ["gusher", "20"] })
      assert.strictEqual(yield* service.exit, 0)
      const printed = yield* text(service.output("out"))
      // 17 MiB went over the cap and were dropped; 3 MiB and the last word stand.
      assert.strictEqual(printed.length, 3 * 1024 * 1024 + "the end\n".length)
      assert.isTrue(printed.endsWith(".the end\n"))
    }).pipe(Effect.provide(world)))

  it.scoped("of a host whose lease has run out: exit fails and says so, and so does what follows the output", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const runtime = yield* Runtime.make("host-1", { lease: "5 seconds" })
      const service = yield* runtime.start("worker", { argv: ["worker"] })
      const waits = yield* Effect.fork(Effect.flip(service.exit))
      const reads = yield* Effect.fork(Effect.flip(Stream.runDrain(service.output("out"))))
      yield* hosts.unreachable("host-1")
      yield* TestClock.adjust("20 seconds")
      yield* hosts.restore("host-1")
      yield* TestClock.adjust("20 seconds")
      assert.strictEqual((yield* Fiber.join(waits)).reason, "LinkLost")
      assert.include((yield* Fiber.join(reads)).detail, "lease")
      assert.deepStrictEqual(yield* hosts.leftovers, [])
    }).pipe(Effect.provide(world)))
})

describe("the end of a runtime whose host does not answer", () => {
  it.effect("comes within a bound, however many processes it has, and is reported as not reached", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const scope = yield* Scope.make()
      const reports: Array<Cleanup.HostReport> = []
      const runtime = yield* make(scope, { grace: "2 seconds" }).pipe(
        Effect.provideService(Cleanup.Cleanup, { add: (report) => Effect.sync(() => void reports.push(report)) })
      )
      for (let n = 0; n < 10; n++) yield* Scope.extend(runtime.start("worker", { argv: ["worker"] }), scope)
      yield* hosts.unreachable("host-1")
      const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
      yield* TestClock.adjust("35 seconds")
      assert.isTrue(Option.isSome(yield* Fiber.poll(closing)))
      assert.deepStrictEqual(reports.map(({ clean, reached }) => ({ clean, reached })), [{
        clean: false,
        reached: false
      }])
      // The host ends everything by itself.
      yield* TestClock.adjust("40 seconds")
      assert.deepStrictEqual(yield* hosts.leftovers, [])
    }).pipe(Effect.provide(world)))

  it.scoped("while the link is away, ends everything when it comes back in time", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const scope = yield* Scope.make()
      const reports: Array<Cleanup.HostReport> = []
      const runtime = yield* make(scope).pipe(
        Effect.provideService(Cleanup.Cleanup, { add: (report) => Effect.sync(() => void reports.push(report)) })
      )
      yield* runtime.start("worker", { argv: ["worker"] })
      yield* hosts.refuse("host-1")
      yield* hosts.cut("host-1")
      yield* settled
      const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
      yield* TestClock.adjust("3 seconds")
      yield* hosts.restore("host-1")
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.join(closing)
      assert.deepStrictEqual(yield* hosts.leftovers, [])
      assert.deepStrictEqual(reports.map(({ reached }) => reached), [true])
    }).pipe(Effect.provide(world)))

  it.scoped("also when it is cut in the very moment of the end", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const scope = yield* Scope.make()
      const runtime = yield* during(make(scope), "5 seconds")
      yield* during(runtime.start("stubborn", { argv: ["stubborn"] }), "1 second")
      const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
      yield* hosts.cut("host-1")
      yield* TestClock.adjust("15 seconds")
      assert.isTrue(Option.isSome(yield* Fiber.poll(closing)))
      assert.deepStrictEqual(yield* hosts.leftovers, [])
    }).pipe(Effect.provide(layer([{ alias: "host-1", latency: "50 millis" }], { commands }))))
})
