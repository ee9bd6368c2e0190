import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import { join } from "../../src/internal/joinDuplex.ts"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import type { SshConnection } from "../../src/services/SshConnection.ts"
import * as Tunnel from "../../src/services/Tunnel.ts"
import type { Commands } from "../../src/testing/InMemoryHost.ts"
import { InMemorySsh, layer } from "../../src/testing/InMemorySsh.ts"
import * as memoryDuplex from "../../src/testing/internal/memoryDuplex.ts"
import { lateEcho } from "./lateEcho.ts"

const commands: Commands = { echo: lateEcho }

const world = layer(["a", "b"], { commands })

const ends = Effect.all([Runtime.make("a"), Runtime.make("b")])

type Socket = Effect.Effect.Success<ReturnType<SshConnection["dial"]>>

/** Everything up to the end, or how it broke. */
const all = (socket: Socket) =>
  Effect.async<string>((resume) => {
    let got = ""
    socket.on("data", (chunk) => {
      got += String(chunk)
    })
    socket.on("error", (cause) => resume(Effect.succeed(`error: ${cause.message}`)))
    socket.on("close", () => resume(Effect.succeed(got)))
  })

/** Half closes, and gets the answer that comes after. */
const ask = (end: Tunnel.End, port: number, question: string) =>
  Effect.scoped(Effect.gen(function*() {
    const connection = yield* end.connection
    const socket = yield* connection.dial({ port })
    const answer = yield* Effect.fork(all(socket))
    socket.end(question)
    return yield* Fiber.join(answer)
  }))

describe("a tunnel", () => {
  it.scoped("is bound at once, passes half closes, and frees its port with its scope", () =>
    Effect.gen(function*() {
      const [from, to] = yield* ends
      yield* to.start("echo", { argv: ["echo"] })
      const scope = yield* Scope.make()
      const tunnel = yield* Scope.extend(Tunnel.make({ from, at: { port: 7000 }, to, target: { port: 7 } }), scope)
      const { at, from: { alias }, port, target, to: { alias: far } } = tunnel
      assert.deepStrictEqual({ alias, at, far, port, target }, {
        alias: "a",
        at: { port: 7000 },
        far: "b",
        port: 7000,
        target: { port: 7 }
      })
      assert.strictEqual(yield* ask(from, 7000, "x".repeat(300_000)), "x".repeat(300_000))
      yield* Scope.close(scope, Exit.void)
      const connection = yield* from.connection
      assert.strictEqual((yield* Effect.flip(connection.dial({ port: 7000 }))).reason, "ForwardRefused")
      assert.strictEqual((yield* connection.listen({ port: 7000 })).port, 7000)
    }).pipe(Effect.provide(world)))

  it.scoped("leads from a host to the manager, too", () =>
    Effect.gen(function*() {
      const [manager, host] = yield* Effect.all([Runtime.manager(), Runtime.make("a")])
      yield* manager.start("echo", { argv: ["echo"] })
      const { port } = yield* Tunnel.make({ from: host, at: { port: 0 }, to: manager, target: { port: 7 } })
      assert.strictEqual(yield* ask(host, port, "up"), "up")
    }).pipe(Effect.provide(world)))

  it.scoped("to a port that is taken fails with PortInUse and the host that listens, and leaves nothing", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const [from, to] = yield* ends
      yield* hosts.takePort("a", 7000)
      // The ledgers are written by then.
      yield* TestClock.adjust("1 second")
      const before = yield* hosts.leftovers
      const error = yield* Effect.flip(Tunnel.make({ from, at: { port: 7000 }, to, target: { port: 7 } }))
      assert.deepInclude(error, { reason: "PortInUse", host: "a", step: "listen" })
      assert.deepStrictEqual(yield* hosts.leftovers, before)
    }).pipe(Effect.provide(world)))

  it.scoped("closes the client's connection where nothing listens at the far end, and goes on", () =>
    Effect.gen(function*() {
      const [from, to] = yield* ends
      const { port } = yield* Tunnel.make({ from, at: { port: 0 }, to, target: { port: 7 } })
      assert.strictEqual(yield* ask(from, port, "anybody?"), "")
      yield* to.start("echo", { argv: ["echo"] })
      assert.strictEqual(yield* ask(from, port, "now"), "now")
    }).pipe(Effect.provide(world)))

  for (const side of ["a", "b"]) {
    it.scoped(`heals after a cut on the side of ${side}, under the same port`, () =>
      Effect.gen(function*() {
        const hosts = yield* InMemorySsh
        const [from, to] = yield* ends
        yield* to.start("echo", { argv: ["echo"] })
        const { port } = yield* Tunnel.make({ from, at: { port: 0 }, to, target: { port: 7 } })
        assert.strictEqual(yield* ask(from, port, "before"), "before")
        // The host's sshd sees no cut: it holds the port until the guardian ends it.
        yield* hosts.cut(side)
        yield* TestClock.adjust("10 seconds")
        assert.strictEqual(yield* ask(from, port, "after"), "after")
        assert.lengthOf((yield* hosts.leftovers).filter((left) => left.includes(`port ${port} `)), 1)
      }).pipe(Effect.provide(world)))
  }

  it.scoped("that closes while a link is away does so at once", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const [from, to] = yield* ends
      const scope = yield* Scope.make()
      yield* Scope.extend(Tunnel.make({ from, at: { port: 7000 }, to, target: { port: 7 } }), scope)
      yield* hosts.refuse("a")
      yield* hosts.cut("a")
      yield* TestClock.adjust("1 second")
      const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
      yield* TestClock.adjust(0)
      assert.isTrue(Option.isSome(yield* Fiber.poll(closing)))
      yield* hosts.restore("a")
      yield* TestClock.adjust("5 seconds")
      assert.isEmpty((yield* hosts.leftovers).filter((left) => left.includes("port 7000")))
    }).pipe(Effect.provide(world)))

  it.scoped("that waits for its link can be interrupted", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const [from, to] = yield* ends
      yield* hosts.refuse("a")
      yield* hosts.cut("a")
      yield* TestClock.adjust("1 second")
      const opening = yield* Effect.fork(Effect.scoped(Tunnel.make({ from, at: { port: 0 }, to, target: { port: 7 } })))
      yield* TestClock.adjust("1 second")
      yield* Fiber.interruptFork(opening)
      yield* TestClock.adjust(0)
      assert.isTrue(Option.isSome(yield* Fiber.poll(opening)))
      yield* hosts.restore("a")
      yield* TestClock.adjust("5 seconds")
    }).pipe(Effect.provide(world)))

  it.scoped("closes what goes through it when it closes, also what waits for the far end", () =>
    Effect.gen(function*() {
      const [from, to] = yield* ends
      const dialled = yield* Deferred.make<void>()
      const slow: Tunnel.End = {
        host: to.host,
        connection: Effect.zipRight(Deferred.succeed(dialled, undefined), Effect.never)
      }
      const scope = yield* Scope.make()
      const { port } = yield* Scope.extend(Tunnel.make({ from, at: { port: 0 }, to: slow, target: { port: 7 } }), scope)
      const connection = yield* from.connection
      const socket = yield* connection.dial({ port })
      const got = yield* Effect.fork(all(socket))
      socket.write("hello")
      yield* Deferred.await(dialled)
      yield* Scope.close(scope, Exit.void)
      socket.end()
      assert.notInclude(yield* Fiber.join(got), "hello")
    }).pipe(Effect.provide(world)))

  it.scoped("passes no more than 512 connections at a time; the next one goes through when one has gone", () =>
    Effect.gen(function*() {
      const [from, to] = yield* ends
      yield* to.start("echo", { argv: ["echo"] })
      const { port } = yield* Tunnel.make({ from, at: { port: 0 }, to, target: { port: 7 } })
      const connection = yield* from.connection
      const sockets = yield* Effect.forEach(Array.from({ length: 512 }), () => connection.dial({ port }))
      const last = yield* Effect.fork(ask(from, port, "last"))
      yield* TestClock.adjust("1 second")
      assert.isTrue(Option.isNone(yield* Fiber.poll(last)))
      sockets[100]?.destroy()
      assert.strictEqual(yield* Fiber.join(last), "last")
    }).pipe(Effect.provide(world)))
})

describe("two streams as one", () => {
  const pairs = () => [memoryDuplex.pair([]), memoryDuplex.pair([])] as const

  const joined = (break_: (a: Socket, b: Socket) => void) =>
    Effect.gen(function*() {
      const [[client, arrived], [far, server]] = pairs()
      break_(arrived, far)
      // What the streams themselves have to say is said before.
      yield* Effect.async<void>((resume) => void setImmediate(() => resume(Effect.void)))
      const done = yield* Effect.fork(join(arrived, far))
      const heard = yield* Effect.fork(all(server))
      server.resume()
      return { client, server, done, heard, arrived, far }
    })

  it.effect("an end that had gone before they were joined ends the other", () =>
    Effect.gen(function*() {
      const { done, far, server } = yield* joined((arrived) => arrived.destroy())
      server.end()
      yield* Fiber.join(done)
      assert.isTrue(far.destroyed)
    }))

  it.effect("an end that had broken before they were joined breaks the other", () =>
    Effect.gen(function*() {
      const { done, far } = yield* joined((arrived) => arrived.destroy(new Error("reset")))
      yield* Fiber.join(done)
      assert.isTrue(far.destroyed)
    }))

  it.effect("an end that goes while the other still speaks: the other is let go, too", () =>
    Effect.gen(function*() {
      const { arrived, done, far, heard, server } = yield* joined(() => undefined)
      server.write("x".repeat(1024 * 1024))
      arrived.write("last words")
      arrived.destroy()
      yield* Fiber.join(done)
      assert.isTrue(far.destroyed)
      yield* Fiber.interrupt(heard)
    }))

  it.effect("interruption destroys both", () =>
    Effect.gen(function*() {
      const { arrived, done, far } = yield* joined(() => undefined)
      yield* TestClock.adjust(0)
      yield* Fiber.interrupt(done)
      assert.isTrue(arrived.destroyed && far.destroyed)
    }))
})
