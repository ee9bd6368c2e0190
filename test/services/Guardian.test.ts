import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as Guardian from "../../src/services/Guardian.ts"
import { Ssh } from "../../src/services/Ssh.ts"
import type { SshConnection } from "../../src/services/SshConnection.ts"
import type { Commands } from "../../src/testing/InMemoryHost.ts"
import { InMemorySsh, layer } from "../../src/testing/InMemorySsh.ts"
import { host, text } from "../testing/memoryClient.ts"

const settled = TestClock.adjust(0)

const commands: Commands = {
  worker: () => Effect.never,
  brief: () => Effect.as(Effect.sleep("5 seconds"), 7),
  gusher: ({ stdout }) =>
    Effect.sleep("5 seconds").pipe(
      Effect.zipRight(
        Effect.forEach(Array.from({ length: 17 }), () => stdout(new Uint8Array(1024 * 1024)), { discard: true })
      ),
      Effect.zipRight(Effect.never)
    )
}

const world = layer(["host-1"], { commands })

const program = (name: string) => ({ name, language: "sh", source: "" }) as const

const make = (
  options: { readonly lease?: number; readonly through?: (connection: SshConnection) => SshConnection } = {}
) =>
  Effect.flatMap(Ssh, (ssh) =>
    Guardian.make({
      id: "run-1",
      host: host("host-1"),
      connect: Effect.map(ssh.connect(host("host-1")), options.through ?? ((connection) => connection)),
      programs: { guardian: program("guardian"), anchor: program("anchor") },
      lease: Duration.seconds(options.lease ?? 30),
      grace: Duration.seconds(2),
      executables: [],
      onEnd: () => Effect.void
    }))

const words = (...argv: ReadonlyArray<string>) => ["", "-", "--", ...argv]

const running = Effect.map(
  Effect.flatMap(InMemorySsh, (hosts) => hosts.processes("host-1")),
  (all) => all.map(({ argv }) => argv[0]).filter((name) => name?.startsWith("lazycluster-") === false)
)

const stateOf = (guardian: Guardian.Guardian) =>
  Effect.map(Stream.runHead(guardian.link.changes), Option.match({ onNone: () => "", onSome: ({ _tag }) => _tag }))

/** Cuts the link for so long. */
const away = (seconds: number) =>
  Effect.gen(function*() {
    const hosts = yield* InMemorySsh
    yield* hosts.refuse("host-1")
    yield* hosts.cut("host-1")
    yield* TestClock.adjust(`${seconds} seconds`)
    yield* hosts.restore("host-1")
    yield* TestClock.adjust("3 seconds")
  })

/** A channel that takes nothing and gives nothing, while `stalled` says so. */
const stalling = Effect.map(Ref.make(false), (stalled) => {
  const pass = <A>(value: A) => Effect.flatMap(Ref.get(stalled), (now) => now ? Effect.never : Effect.succeed(value))
  const through = (connection: SshConnection): SshConnection => ({
    ...connection,
    exec: (invocation, options) =>
      Effect.map(connection.exec(invocation, options), (process) => ({
        ...process,
        write: (chunk) => Effect.flatMap(pass(chunk), process.write),
        stdout: Stream.mapEffect(process.stdout, pass)
      }))
  })
  return { stalled, through }
})

/** A clock that may go on while nothing runs, as for a program that stands still. */
const standing = Effect.map(Effect.clock, (clock) => {
  let ahead = 0
  const made: Clock.Clock = {
    [Clock.ClockTypeId]: Clock.ClockTypeId,
    unsafeCurrentTimeMillis: () => clock.unsafeCurrentTimeMillis() + ahead,
    unsafeCurrentTimeNanos: () => clock.unsafeCurrentTimeNanos() + BigInt(ahead) * 1_000_000n,
    currentTimeMillis: Effect.map(clock.currentTimeMillis, (now) => now + ahead),
    currentTimeNanos: Effect.map(clock.currentTimeNanos, (now) => now + BigInt(ahead) * 1_000_000n),
    sleep: (duration) => clock.sleep(duration)
  }
  const still = (seconds: number) =>
    Effect.sync(() => {
      ahead += seconds * 1000
    })
  return { clock: made, still }
})

/** TCP connections to the host so far. */
const accepted = Effect.flatMap(
  InMemorySsh,
  (hosts) => Effect.map(hosts.connections("host-1"), ({ accepted }) => accepted)
)

describe("the lease", () => {
  for (const lease of [2, 5, 30]) {
    it.scoped(`of ${lease} seconds is renewed by beats for as long as the link stands`, () =>
      Effect.gen(function*() {
        const guardian = yield* make({ lease })
        yield* guardian.start("worker", words("worker"))
        yield* TestClock.adjust("2 minutes")
        assert.deepStrictEqual(yield* running, ["worker"])
        assert.strictEqual(yield* stateOf(guardian), "Up")
        assert.strictEqual(yield* accepted, 1)
      }).pipe(Effect.provide(world)))

    it.scoped(`of ${lease} seconds is kept over a connection of its own while the link is stalled`, () =>
      Effect.gen(function*() {
        const { stalled, through } = yield* stalling
        const guardian = yield* make({ lease, through })
        yield* guardian.start("worker", words("worker"))
        yield* TestClock.adjust("3 seconds")
        yield* Ref.set(stalled, true)
        yield* TestClock.adjust("2 minutes")
        assert.deepStrictEqual(yield* running, ["worker"])
        assert.isAbove(yield* guardian.silence, 110_000)
        // What was renewed aside counts: the link is taken up again although it was silent for longer than the lease.
        yield* Ref.set(stalled, false)
        yield* Effect.flatMap(InMemorySsh, (hosts) => hosts.cut("host-1"))
        yield* TestClock.adjust("3 seconds")
        assert.strictEqual(yield* stateOf(guardian), "Up")
        assert.deepStrictEqual(yield* running, ["worker"])
      }).pipe(Effect.provide(world)))
  }
})

describe("a manager that stood still", () => {
  it.scoped("listens before it takes the host for silent", () =>
    Effect.gen(function*() {
      const { clock, still } = yield* standing
      const guardian = yield* Effect.withClock(make(), clock)
      for (const seconds of [8, 15, 22]) {
        yield* TestClock.adjust("3500 millis")
        yield* still(seconds)
        yield* TestClock.adjust("5 seconds")
        assert.isBelow(yield* Effect.withClock(guardian.silence, clock), 2000)
      }
      assert.strictEqual(yield* accepted, 1)
    }).pipe(Effect.provide(world)))

  const silent = Effect.gen(function*() {
    const { clock, still } = yield* standing
    const { stalled, through } = yield* stalling
    yield* Effect.withClock(make({ through }), clock)
    // It ends over another link.
    yield* Effect.addFinalizer(() =>
      Ref.set(stalled, false).pipe(
        Effect.zipRight(Effect.flatMap(InMemorySsh, (hosts) => hosts.cut("host-1"))),
        Effect.zipRight(TestClock.adjust("3 seconds"))
      )
    )
    yield* TestClock.adjust("3500 millis")
    yield* Ref.set(stalled, true)
    return still
  })

  it.scoped("renews the lease aside a round later where the host is silent", () =>
    Effect.gen(function*() {
      const still = yield* silent
      yield* still(20)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* accepted, 1)
      // A beat that stalls, and a pause.
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(yield* accepted, 2)
    }).pipe(Effect.provide(world)))

  it.scoped("does so at once where the lease could run out", () =>
    Effect.gen(function*() {
      const still = yield* silent
      yield* still(26)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* accepted, 2)
    }).pipe(Effect.provide(world)))

  it.scoped("does not put it off for standing still again", () =>
    Effect.gen(function*() {
      const still = yield* silent
      yield* still(9)
      yield* TestClock.adjust("1500 millis")
      assert.strictEqual(yield* accepted, 1)
      yield* still(2)
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(yield* accepted, 2)
    }).pipe(Effect.provide(world)))
})

describe("a lost link", () => {
  it.scoped("is taken up within the lease: processes untouched, what happened meanwhile heard once", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const guardian = yield* make()
      const worker = yield* guardian.start("worker", words("worker"))
      const brief = yield* guardian.start("brief", words("brief"))
      const gusher = yield* guardian.start("gusher", words("gusher"))
      const before = yield* hosts.processes("host-1")
      yield* away(20)
      assert.strictEqual(yield* stateOf(guardian), "Up")
      assert.strictEqual(yield* Deferred.await(brief.exited), 7)
      assert.deepStrictEqual(yield* Ref.get(gusher.cut), { out: 17 * 1024 * 1024, err: 0 })
      assert.isFalse(yield* Deferred.isDone(worker.exited))
      const pids = (all: typeof before) =>
        all.filter(({ name }) => name !== undefined).map(({ name, pid }) => [name, pid])
      assert.deepStrictEqual(pids(yield* hosts.processes("host-1")), pids(before).filter(([name]) => name !== "brief"))
      // Nothing is told again by a second loss.
      yield* away(5)
      assert.deepStrictEqual(yield* Ref.get(gusher.cut), { out: 17 * 1024 * 1024, err: 0 })
      assert.strictEqual((yield* hosts.connections("host-1")).open, 1)
    }).pipe(Effect.provide(world)))

  it.scoped("makes `connection` wait, and gives the new one", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const guardian = yield* make()
      const before = yield* guardian.connection
      yield* hosts.refuse("host-1")
      yield* hosts.cut("host-1")
      yield* settled
      const waits = yield* Effect.fork(guardian.connection)
      yield* TestClock.adjust("10 seconds")
      assert.isTrue(Option.isNone(yield* Fiber.poll(waits)))
      assert.strictEqual(yield* stateOf(guardian), "Away")
      yield* hosts.restore("host-1")
      yield* TestClock.adjust("3 seconds")
      assert.notStrictEqual(yield* Fiber.join(waits), before)
    }).pipe(Effect.provide(world)))

  it.scoped("for longer than the lease: `connection` fails with LinkLost and says that the lease has run out", () =>
    Effect.gen(function*() {
      const guardian = yield* make({ lease: 10 })
      const over = yield* Effect.fork(Effect.flip(guardian.over))
      yield* guardian.start("worker", words("worker"))
      yield* away(30)
      assert.strictEqual(yield* stateOf(guardian), "Gone")
      const error = yield* Effect.flip(guardian.connection)
      assert.deepInclude(error, { reason: "LinkLost", host: "host-1" })
      assert.include(error.detail, "longer than the lease")
      assert.strictEqual(yield* Fiber.join(over), error)
      assert.deepStrictEqual(yield* running, [])
      assert.strictEqual((yield* Effect.flip(guardian.start("late", words("worker")))).reason, "LinkLost")
      // Nobody waits for a ledger.
      yield* guardian.note("{}")
    }).pipe(Effect.provide(world)))

  it.scoped("to a host that was off: gone as soon as it answers, its boot being another", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const guardian = yield* make({ lease: 300 })
      yield* hosts.powerCut("host-1")
      yield* TestClock.adjust("10 seconds")
      yield* hosts.boot("host-1")
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual(yield* stateOf(guardian), "Gone")
    }).pipe(Effect.provide(world)))

  it.scoped("behind a changed host key is gone at once, the key being no passing trouble", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const guardian = yield* make()
      yield* hosts.changeHostKey("host-1")
      yield* hosts.cut("host-1")
      yield* settled
      assert.include((yield* Effect.flip(guardian.connection)).detail, "known_hosts")
    }).pipe(Effect.provide(world)))

  it.scoped("brings the last ledger to the host, though it was not heard", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const guardian = yield* make()
      const ledger = Effect.flatMap(hosts.files("host-1"), (files) => text(files.readAll(`${guardian.state}.json`)))
      yield* guardian.note("1")
      yield* settled
      assert.strictEqual(yield* ledger, "1")
      yield* hosts.unreachable("host-1")
      const noted = yield* Effect.fork(guardian.note("2"))
      yield* settled
      yield* hosts.cut("host-1")
      yield* hosts.restore("host-1")
      yield* TestClock.adjust("3 seconds")
      assert.isTrue(Exit.isSuccess(yield* Fiber.await(noted)))
      assert.strictEqual(yield* ledger, "2")
    }).pipe(Effect.provide(world)))
})

describe("what is said around a cut", () => {
  const latent = layer([{ alias: "host-1", latency: "100 millis" }], { commands })
  const during = <A, E, R>(effect: Effect.Effect<A, E, R>, time: Parameters<typeof TestClock.adjust>[0]) =>
    Effect.fork(effect).pipe(Effect.tap(() => TestClock.adjust(time)), Effect.flatMap(Fiber.join))

  it.effect("a start, cut at any moment, has one effect and is heard of", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const scope = yield* Scope.make()
      const guardian = yield* during(Scope.extend(make(), scope), "3 seconds")
      let starts = 0
      for (let millis = 0; millis <= 300; millis += 25) {
        const started = yield* Effect.fork(guardian.start(`worker-${millis}`, words("worker", String(millis))))
        yield* TestClock.adjust(millis)
        yield* hosts.cut("host-1")
        yield* TestClock.adjust("5 seconds")
        assert.isTrue(Option.isSome(yield* Fiber.poll(started)), `${millis}`)
        const { pid } = yield* Deferred.await((yield* Fiber.join(started)).started)
        starts += 1
        const all = (yield* hosts.processes("host-1")).filter(({ argv }) => argv[1] === String(millis))
        assert.deepStrictEqual(all.map((process) => process.pid), [pid], `${millis}`)
      }
      assert.lengthOf((yield* hosts.commandsOn("host-1")).filter(([name]) => name === "worker"), starts)
      yield* during(Scope.close(scope, Exit.void), "10 seconds")
      assert.deepStrictEqual(yield* hosts.leftovers, [])
    }).pipe(Effect.provide(latent)))

  it.effect("a stop and a halt, cut at any moment, are done when they say so", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const scope = yield* Scope.make()
      const guardian = yield* during(Scope.extend(make(), scope), "3 seconds")
      for (let millis = 0; millis <= 300; millis += 50) {
        const [a, b] = yield* during(
          Effect.all([guardian.start(`a-${millis}`, words("worker")), guardian.start(`b-${millis}`, words("worker"))]),
          "3 seconds"
        )
        const { pid, start } = yield* Deferred.await(b.started)
        const ending = yield* Effect.fork(Effect.all([
          guardian.stop(a, Duration.seconds(1)),
          guardian.halt(pid, start, Duration.seconds(1))
        ], { concurrency: 2 }))
        yield* TestClock.adjust(millis)
        yield* hosts.cut("host-1")
        yield* TestClock.adjust("5 seconds")
        assert.isTrue(Option.isSome(yield* Fiber.poll(ending)), `${millis}`)
        assert.deepStrictEqual(yield* running, [], `${millis}`)
      }
      yield* during(Scope.close(scope, Exit.void), "10 seconds")
    }).pipe(Effect.provide(latent)))
})
