import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import * as Cleanup from "../../src/runtimes/Cleanup.ts"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import type { Commands } from "../../src/testing/InMemoryHost.ts"
import { InMemorySsh, layer } from "../../src/testing/InMemorySsh.ts"

const report = (change: Partial<ConstructorParameters<typeof Cleanup.HostReport>[0]> = {}) =>
  Cleanup.HostReport.make({
    host: "host-1",
    runtime: "abc",
    reached: true,
    ended: 0,
    killed: 0,
    left: [],
    removed: [],
    kept: [],
    stuck: [],
    ...change
  })

const commands: Commands = {
  daemon: ({ spawn }) => Effect.zipRight(spawn(["sleep", "1000"], { detached: true }), Effect.never),
  stubborn: ({ ignore }) => Effect.zipRight(ignore("TERM"), Effect.never),
  undead: ({ ignore }) => Effect.all([ignore("TERM"), ignore("KILL"), Effect.never]).pipe(Effect.as(0))
}

const collected = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.fork(Cleanup.collect(effect)).pipe(
    Effect.tap(() => TestClock.adjust("20 seconds")),
    Effect.flatMap(Fiber.join)
  )

describe("reports", () => {
  it("are clean when the host was reached and nothing is left or stuck", () => {
    assert.isTrue(report({ ended: 3, killed: 1, kept: ["/work"] }).clean)
    assert.isFalse(report({ reached: false }).clean)
    assert.isFalse(report({ left: ["1 python"] }).clean)
    assert.isFalse(report({ stuck: ["/tmp/x"] }).clean)
  })

  it.effect("pass through JSON", () =>
    Effect.gen(function*() {
      const codec = Schema.parseJson(Cleanup.HostReport)
      const one = report({ left: ["1 a b"] })
      assert.deepStrictEqual(yield* Effect.flatMap(Schema.encode(codec)(one), Schema.decode(codec)), one)
    }))

  it.effect("come one a runtime, also when the program fails, and count what was found", () =>
    Effect.gen(function*() {
      const { exit, reports } = yield* collected(Effect.gen(function*() {
        const runtime = yield* Runtime.make("host-1")
        yield* runtime.start("daemon", { argv: ["daemon"] })
        yield* Runtime.make("host-2", { workingDirectory: "~/kept" })
        return yield* Effect.fail("as the test says")
      }))
      assert.deepStrictEqual(exit, Exit.fail("as the test says"))
      assert.deepStrictEqual(reports.map(({ host }) => host).toSorted(), ["host-1", "host-2"])
      const [one, two] = reports.toSorted((a, b) => a.host < b.host ? -1 : 1)
      // The daemon's child has left its session: found by the lease in its environment.
      assert.deepInclude(one, { ended: 1, killed: 0, left: [] })
      assert.deepInclude(two, { kept: ["/home/user/kept"], removed: [] })
      assert.isTrue(reports.every(({ clean }) => clean))
    }).pipe(Effect.provide(layer(["host-1", "host-2"], { commands }))))

  it.effect("name what lives all the same", () =>
    Effect.gen(function*() {
      const { reports } = yield* collected(Effect.gen(function*() {
        const runtime = yield* Runtime.make("host-1")
        yield* runtime.exec({ argv: ["undead"] })
      }))
      assert.isFalse(reports[0]?.clean)
      assert.match(reports[0]?.left.join() ?? "", /^\d+ undead$/)
    }).pipe(Effect.provide(layer(["host-1"], { commands }))))

  it.effect("go nowhere by default", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      yield* Effect.scoped(Runtime.make("host-1"))
      assert.deepStrictEqual(yield* hosts.leftovers, [])
    }).pipe(Effect.provide(layer(["host-1"]))))

  it.effect("are told one by one also when the program is interrupted, and to whoever waits around it", () =>
    Effect.gen(function*() {
      const told = yield* Ref.make<ReadonlyArray<Cleanup.HostReport>>([])
      const around = yield* Ref.make<ReadonlyArray<Cleanup.HostReport>>([])
      const into = (ref: typeof told) => (report: Cleanup.HostReport) => Ref.update(ref, (all) => [...all, report])
      const program = yield* Effect.fork(
        Runtime.make("host-1").pipe(
          Effect.zipRight(Runtime.make("host-2")),
          Effect.zipRight(Effect.never),
          Effect.scoped,
          Cleanup.collect,
          Cleanup.onReport(into(told)),
          Cleanup.onReport(into(around))
        )
      )
      yield* TestClock.adjust("5 seconds")
      assert.lengthOf(yield* Ref.get(told), 0)
      yield* Fiber.interruptFork(program)
      yield* TestClock.adjust("20 seconds")
      assert.deepStrictEqual((yield* Ref.get(told)).map(({ clean, host }) => [host, clean]), [["host-2", true], [
        "host-1",
        true
      ]])
      assert.deepStrictEqual(yield* Ref.get(around), yield* Ref.get(told))
    }).pipe(Effect.provide(layer(["host-1", "host-2"]))))
})
