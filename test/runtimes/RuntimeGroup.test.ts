import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import * as Cleanup from "../../src/runtimes/Cleanup.ts"
import * as RuntimeGroup from "../../src/runtimes/RuntimeGroup.ts"
import { InMemorySsh, layer } from "../../src/testing/InMemorySsh.ts"

const six = ["a", "b", "c", "d", "e", "f"]

const world = layer(six)

/** Counts how many run at a time. */
const counter = Effect.map(Ref.make({ now: 0, most: 0 }), (ref) => ({
  most: Effect.map(Ref.get(ref), ({ most }) => most),
  during: <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.acquireUseRelease(
      Ref.update(ref, ({ most, now }) => ({ now: now + 1, most: Math.max(most, now + 1) })),
      () => effect,
      () => Ref.update(ref, ({ most, now }) => ({ now: now - 1, most }))
    )
}))

const aliases = (group: RuntimeGroup.RuntimeGroup) => group.runtimes.map(({ host }) => host.alias)

describe("make", () => {
  it.scoped("takes the hosts in their order, no more of them at a time than it may", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      for (const alias of six) yield* hosts.latency(alias, "1 second")
      const fiber = yield* Effect.fork(RuntimeGroup.make(six, { concurrency: 2 }))
      const most: Array<number> = []
      while (Option.isNone(yield* Fiber.poll(fiber))) {
        const open = yield* Effect.forEach(six, (alias) => hosts.connections(alias))
        const made = yield* Effect.forEach(six, (alias) => hosts.processes(alias))
        // Connected, but no guardian has had the time to answer: under way.
        most.push(open.filter((one, index) => one.open > 0 && (made[index]?.length ?? 0) === 0).length)
        yield* TestClock.adjust("500 millis")
      }
      for (const alias of six) yield* hosts.restore(alias)
      // What is still under way at the old pace arrives: beats and ledgers, which nobody waits for.
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(aliases(yield* Fiber.join(fiber)), six)
      assert.strictEqual(Math.max(...most), 2)
    }).pipe(Effect.provide(world)))

  it.scoped("under `all` fails with what failed first, ends what was under way, and leaves nothing at once", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      yield* hosts.failAuthentication("c")
      yield* hosts.unreachable("e")
      const fiber = yield* Effect.fork(Effect.flip(RuntimeGroup.make(six)))
      yield* TestClock.adjust("1 second")
      assert.deepInclude(yield* Fiber.join(fiber), { _tag: "SshError", reason: "Authentication", host: "c" })
      assert.deepStrictEqual(yield* hosts.leftovers, [])
      for (const alias of six) assert.strictEqual((yield* hosts.connections(alias)).open, 0, alias)
    }).pipe(Effect.provide(world)))

  it.scoped("under a quorum keeps the good ones and tells of the others in the order of the hosts", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      yield* hosts.unreachable("b")
      yield* hosts.refuse("d")
      const fiber = yield* Effect.fork(RuntimeGroup.make(six, { policy: { quorum: 4 } }))
      yield* TestClock.adjust("10 seconds")
      const group = yield* Fiber.join(fiber)
      assert.deepStrictEqual(aliases(group), ["a", "c", "e", "f"])
      assert.deepStrictEqual(group.inactive.map(({ host }) => host), ["b", "d"])
      assert.include(group.inactive[0]?.message, "Timeout")
      assert.include(group.inactive[1]?.message, "Refused")
    }).pipe(Effect.provide(world)))

  it.scoped("below the quorum says which failed and why, and closes the others at once", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      yield* hosts.refuse("b")
      yield* hosts.changeHostKey("c")
      const error = yield* Effect.flip(RuntimeGroup.make(["a", "b", "c"], { policy: { quorum: 2 } }))
      assert.strictEqual(error._tag, "GroupError")
      assert.deepInclude(error, { reason: "Quorum", wanted: 2, succeeded: ["a"] })
      for (const part of ["1 of 3 hosts, 2 wanted", "b: connect, Refused", "c: connect, HostKeyChanged", "hint:"]) {
        assert.include(error.message, part)
      }
      assert.deepStrictEqual(yield* hosts.leftovers, [])
      assert.strictEqual((yield* hosts.connections("a")).open, 0)
    }).pipe(Effect.provide(world)))

  it.scoped("as best effort is content with none", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      yield* hosts.refuse("a")
      const group = yield* RuntimeGroup.make(["a", "no-such"], { policy: "bestEffort" })
      assert.deepStrictEqual(aliases(group), [])
      assert.deepStrictEqual(group.inactive.map(({ host }) => host), ["a", "no-such"])
    }).pipe(Effect.provide(world)))

  it.scoped("closes hosts that lack something and says what", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const filter = { minCpuCores: 8, minMemory: 16 * 1024 ** 3, gpuRequired: true, installedExecutables: ["uv"] }
      const group = yield* RuntimeGroup.make(["small", "big"], { policy: "bestEffort", filter: { minCpuCores: 8 } })
      assert.deepStrictEqual(aliases(group), ["big"])
      assert.deepStrictEqual(group.inactive, [{ host: "small", message: "it has 4 CPU cores, 8 wanted" }])
      assert.strictEqual((yield* hosts.connections("small")).open, 0)
      const error = yield* Effect.flip(RuntimeGroup.make(["small"], { filter }))
      assert.strictEqual(error._tag, "GroupError")
      for (const part of ["no GPU", "8.0 GiB of memory, 16.0 GiB wanted", "4 CPU cores", "uv is not in its PATH"]) {
        assert.include(error.message, part)
      }
    }).pipe(Effect.provide(layer(["small", { alias: "big", facts: { cpus: 16 } }]))))

  it.effect("closes all in parallel; one that hangs keeps nobody, and has a deadline", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const reports: Array<Cleanup.HostReport> = []
      const scope = yield* Scope.make()
      yield* RuntimeGroup.make(six).pipe(
        Scope.extend(scope),
        Effect.provideService(Cleanup.Cleanup, { add: (report) => Effect.sync(() => void reports.push(report)) })
      )
      yield* hosts.unreachable("a")
      yield* hosts.unreachable("d")
      const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(reports.map(({ host }) => host).toSorted(), ["b", "c", "e", "f"])
      yield* TestClock.adjust("13 seconds")
      assert.isTrue(Option.isSome(yield* Fiber.poll(closing)))
      assert.deepStrictEqual(reports.filter(({ reached }) => !reached).map(({ host }) => host).toSorted(), ["a", "d"])
    }).pipe(Effect.provide(world)))
})

describe("onEach", () => {
  it.scoped("runs no more at a time than the group may, and gives outcomes in order", () =>
    Effect.gen(function*() {
      const group = yield* RuntimeGroup.make(six, { concurrency: 3 })
      const { during, most } = yield* counter
      const fiber = yield* Effect.fork(
        RuntimeGroup.onEach(group, (runtime, index) =>
          during(Effect.as(Effect.sleep(`${6 - index} seconds`), `${index} ${runtime.host.alias}`)))
      )
      yield* TestClock.adjust("20 seconds")
      assert.deepStrictEqual(
        (yield* Fiber.join(fiber)).map(({ result }) =>
          Either.getOrThrow(result)
        ),
        ["0 a", "1 b", "2 c", "3 d", "4 e", "5 f"]
      )
      assert.strictEqual(yield* most, 3)
    }).pipe(Effect.provide(world)))

  const failing = (host: string) => ({ message: `${host} cannot` })

  it.scoped("under `all` the first failure interrupts the others and starts no more", () =>
    Effect.gen(function*() {
      const group = yield* RuntimeGroup.make(six, { concurrency: 3 })
      const seen = yield* Ref.make<ReadonlyArray<string>>([])
      const note = (what: string) => Ref.update(seen, (all) => [...all, what])
      const error = yield* Effect.flip(RuntimeGroup.onEach(group, ({ host: { alias } }) =>
        alias === "b"
          ? Effect.zipRight(Effect.yieldNow(), Effect.fail(failing("b")))
          : Effect.onInterrupt(Effect.zipRight(note(`${alias} began`), Effect.never), () => note(`${alias} ended`))))
      assert.deepStrictEqual(error, failing("b"))
      assert.deepStrictEqual((yield* Ref.get(seen)).toSorted(), ["a began", "a ended", "c began", "c ended"])
    }).pipe(Effect.provide(world)))

  it.scoped("under a quorum all run to their end; too few is an error that names each", () =>
    Effect.gen(function*() {
      const group = yield* RuntimeGroup.make(["a", "b", "c"], { policy: { quorum: 2 } })
      const bad = (...names: ReadonlyArray<string>) =>
        RuntimeGroup.onEach(group, ({ host: { alias } }) =>
          names.includes(alias) ? Effect.fail(failing(alias)) : Effect.succeed(alias))
      const outcomes = yield* bad("a")
      assert.deepStrictEqual(
        outcomes.map(({ result }) =>
          Either.isRight(result)
        ),
        [false, true, true]
      )
      const error = yield* Effect.flip(bad("a", "c"))
      assert.deepInclude(error, {
        _tag: "GroupError",
        reason: "Quorum",
        wanted: 2,
        succeeded: ["b"],
        failed: [{ host: "a", message: "a cannot" }, { host: "c", message: "c cannot" }]
      })
    }).pipe(Effect.provide(world)))
})
