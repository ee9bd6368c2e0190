import { assert, describe, it } from "@effect/vitest"
import { assertSome } from "@effect/vitest/utils"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import * as Tunnel from "../../src/services/Tunnel.ts"
import { InMemorySsh, layer } from "../../src/testing/InMemorySsh.ts"

const world = layer(["a", "b"])

const ends = Effect.all([Runtime.make("a"), Runtime.make("b")])

const told = Tunnel.State.$match({
  Open: () => "open",
  Healing: ({ cause }) => `healing: ${cause.reason} of ${cause.host}`,
  Closed: ({ cause }) => cause === undefined ? "closed" : `closed: ${cause.reason} of ${cause.host}`
})

/** All states up to the last one, as texts. */
const watch = (tunnel: Tunnel.Tunnel) =>
  tunnel.states.pipe(Stream.map(told), Stream.runCollect, Effect.map((all) => [...all]), Effect.fork)

/** Loses the link to a host for a while; sshd hears of it and frees its ports. */
const outage = (host: string, during: Effect.Effect<unknown, unknown, Scope.Scope>) =>
  Effect.gen(function*() {
    const panel = yield* InMemorySsh
    yield* panel.refuse(host)
    yield* panel.reset(host)
    yield* TestClock.adjust("1 second")
    yield* Effect.orDie(during)
    yield* panel.restore(host)
  })

describe("the states of a tunnel", () => {
  for (const [side, cause] of [["a", "LinkLost of a"], ["b", "LinkLost of b"]] as const) {
    it.scoped(`open, healing while the link to ${side} is away, open again, closed with the scope; then the end`, () =>
      Effect.gen(function*() {
        const [from, to] = yield* ends
        const scope = yield* Scope.make()
        const tunnel = yield* Scope.extend(
          Tunnel.make({ from, at: { port: 0 }, to, target: { port: 7 } }),
          scope
        )
        const states = yield* watch(tunnel)
        yield* TestClock.adjust("1 second")
        yield* outage(side, TestClock.adjust("5 seconds"))
        yield* TestClock.adjust("10 seconds")
        yield* Scope.close(scope, Exit.void)
        assert.deepStrictEqual(yield* Fiber.join(states), ["open", `healing: ${cause}`, "open", "closed"])
        // Who comes late hears the end only.
        assert.deepStrictEqual(yield* Fiber.join(yield* watch(tunnel)), ["closed"])
      }).pipe(Effect.provide(world)))
  }

  it.scoped("its port is taken meanwhile: it tries as long as it is told to, and the error is in the last state", () =>
    Effect.gen(function*() {
      const panel = yield* InMemorySsh
      const [from, to] = yield* ends
      const tunnel = yield* Tunnel.make({
        from,
        at: { port: 7000 },
        to,
        target: { port: 7 },
        healWithin: "20 seconds"
      })
      const states = yield* watch(tunnel)
      yield* TestClock.adjust("1 second")
      yield* outage("a", panel.takePort("a", 7000))
      yield* TestClock.adjust("15 seconds")
      assert.isTrue(Option.isNone(yield* Fiber.poll(states)))
      yield* TestClock.adjust("15 seconds")
      assert.deepStrictEqual(yield* Fiber.join(states), [
        "open",
        "healing: LinkLost of a",
        "healing: PortInUse of a",
        "closed: PortInUse of a"
      ])
    }).pipe(Effect.provide(world)))

  it.scoped("its port is taken for less than that: it heals", () =>
    Effect.gen(function*() {
      const panel = yield* InMemorySsh
      const [from, to] = yield* ends
      const tunnel = yield* Tunnel.make({ from, at: { port: 7000 }, to, target: { port: 7 } })
      const thief = yield* Scope.make()
      yield* outage("a", Scope.extend(panel.takePort("a", 7000), thief))
      yield* TestClock.adjust("30 seconds")
      assertSome(Option.map(yield* Stream.runHead(tunnel.states), told), "healing: PortInUse of a")
      yield* Scope.close(thief, Exit.void)
      yield* TestClock.adjust("5 seconds")
      assertSome(Option.map(yield* Stream.runHead(tunnel.states), told), "open")
    }).pipe(Effect.provide(world)))

  for (const side of ["a", "b"]) {
    it.scoped(`the lease of ${side} runs out: it is over, and nothing listens any more`, () =>
      Effect.gen(function*() {
        const panel = yield* InMemorySsh
        const [from, to] = yield* ends
        const tunnel = yield* Tunnel.make({ from, at: { port: 7000 }, to, target: { port: 7 } })
        const states = yield* watch(tunnel)
        yield* TestClock.adjust("1 second")
        yield* outage(side, TestClock.adjust("60 seconds"))
        yield* TestClock.adjust("5 seconds")
        assert.deepStrictEqual((yield* Fiber.join(states)).slice(1), [
          `healing: LinkLost of ${side}`,
          `closed: LinkLost of ${side}`
        ])
        assert.isEmpty((yield* panel.leftovers).filter((left) => left.includes("port 7000")))
      }).pipe(Effect.provide(world)))
  }

  it.scoped("an end that has no other connection than the lost one: it tries for a while, and is over", () =>
    Effect.gen(function*() {
      const panel = yield* InMemorySsh
      const [from, to] = yield* ends
      const connection = yield* from.connection
      let asked = 0
      const bare: Tunnel.End = {
        host: from.host,
        connection: Effect.sync(() => {
          asked += 1
          return connection
        })
      }
      const tunnel = yield* Tunnel.make({
        from: bare,
        at: { port: 0 },
        to,
        target: { port: 7 },
        healWithin: "20 seconds"
      })
      const states = yield* watch(tunnel)
      yield* TestClock.adjust("1 second")
      yield* panel.reset("a")
      yield* TestClock.adjust("15 seconds")
      assert.isTrue(Option.isNone(yield* Fiber.poll(states)))
      yield* TestClock.adjust("15 seconds")
      assert.deepStrictEqual(yield* Fiber.join(states), ["open", "healing: LinkLost of a", "closed: LinkLost of a"])
      // Not all the time, either.
      assert.isBelow(asked, 40)
    }).pipe(Effect.provide(world)))

  it.scoped("a new connection waits for a link that is away, but not for ever", () =>
    Effect.gen(function*() {
      const panel = yield* InMemorySsh
      const [from, to] = yield* ends
      const tunnel = yield* Tunnel.make({
        from,
        at: { port: 0 },
        to,
        target: { port: 7 },
        connectWithin: "5 seconds"
      })
      yield* panel.refuse("b")
      yield* panel.cut("b")
      const connection = yield* from.connection
      const socket = yield* connection.dial({ port: tunnel.port })
      const closed = yield* Effect.fork(Effect.async<void>((resume) => {
        socket.resume().once("end", () => resume(Effect.void))
      }))
      yield* TestClock.adjust("4 seconds")
      assert.isTrue(Option.isNone(yield* Fiber.poll(closed)))
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.join(closed)
      yield* panel.restore("b")
      yield* TestClock.adjust("5 seconds")
    }).pipe(Effect.provide(world)))
})
