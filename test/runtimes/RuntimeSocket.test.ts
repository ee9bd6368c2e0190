import * as Socket from "@effect/platform/Socket"
import type * as SocketServer from "@effect/platform/SocketServer"
import * as Rpc from "@effect/rpc/Rpc"
import * as RpcClient from "@effect/rpc/RpcClient"
import * as RpcGroup from "@effect/rpc/RpcGroup"
import * as RpcSerialization from "@effect/rpc/RpcSerialization"
import * as RpcServer from "@effect/rpc/RpcServer"
import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import * as RuntimeSocket from "../../src/runtimes/RuntimeSocket.ts"
import type { Address } from "../../src/services/SshConnection.ts"
import { SshError } from "../../src/services/SshError.ts"
import type { Commands } from "../../src/testing/InMemoryHost.ts"
import { InMemorySsh, layer } from "../../src/testing/InMemorySsh.ts"
import { lateEcho } from "../services/lateEcho.ts"

const commands: Commands = { late: lateEcho }

const world = layer(["host-1"], { commands })

/** Says a text, and that there is no more; gives what comes back. */
const ask = (runtime: Runtime.Runtime, to: Address, ...texts: ReadonlyArray<string | Uint8Array>) =>
  Effect.gen(function*() {
    const socket = yield* RuntimeSocket.make(runtime, to)
    const heard: Array<Uint8Array> = []
    const writing = yield* Effect.fork(
      Effect.scoped(Effect.flatMap(socket.writer, (write) => Effect.forEach(texts, write)))
    )
    yield* socket.run((chunk) => void heard.push(chunk))
    yield* Fiber.join(writing)
    return Buffer.concat(heard).toString()
  })

const echo = (socket: Socket.Socket) =>
  Effect.scoped(Effect.flatMap(socket.writer, (write) => socket.run((chunk) => write(chunk))))

/** The failure of a socket, and the reason of what is behind it. */
const told = (error: Socket.SocketError | SocketServer.SocketServerError) => ({
  reason: error.reason,
  ssh: "cause" in error && error.cause instanceof SshError ? error.cause.reason : undefined
})

describe("a socket of a runtime", () => {
  it.scoped("passes half closes: it says all, and then hears all", () =>
    Effect.gen(function*() {
      const runtime = yield* Runtime.make("host-1")
      yield* runtime.start("late", { argv: ["late"] })
      assert.strictEqual(yield* ask(runtime, { port: 7 }, "x".repeat(300_000)), "x".repeat(300_000))
    }).pipe(Effect.provide(world)))

  it.scoped("says why it cannot connect, and connects at the next run", () =>
    Effect.gen(function*() {
      const runtime = yield* Runtime.make("host-1")
      const socket = yield* RuntimeSocket.make(runtime, { port: 7 })
      const write = yield* socket.writer
      assert.deepStrictEqual(told(yield* Effect.flip(socket.run(() => undefined))), {
        reason: "Open",
        ssh: "ForwardRefused"
      })
      yield* runtime.start("late", { argv: ["late"] })
      const opened = yield* Deferred.make<void>()
      const fiber = yield* Effect.fork(socket.run(() => undefined, { onOpen: Deferred.succeed(opened, undefined) }))
      yield* Deferred.await(opened)
      yield* write("there")
      yield* Fiber.interrupt(fiber)
    }).pipe(Effect.provide(world)))

  it.scoped("waits for a link that is away, but not for ever", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const runtime = yield* Runtime.make("host-1", { lease: "1 hour" })
      yield* hosts.refuse("host-1")
      yield* hosts.cut("host-1")
      const socket = yield* RuntimeSocket.make(runtime, { port: 7 }, { openTimeout: "10 seconds" })
      const fiber = yield* Effect.fork(Effect.flip(socket.run(() => undefined)))
      yield* TestClock.adjust("11 seconds")
      yield* hosts.restore("host-1")
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(told(yield* Fiber.join(fiber)), { reason: "OpenTimeout", ssh: "Timeout" })
    }).pipe(Effect.provide(world)))

  it.scoped("fails with the lost link", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const runtime = yield* Runtime.make("host-1")
      yield* runtime.start("late", { argv: ["late"] })
      const socket = yield* RuntimeSocket.make(runtime, { port: 7 })
      const opened = yield* Deferred.make<void>()
      const fiber = yield* Effect.fork(
        Effect.flip(socket.run(() => undefined, { onOpen: Deferred.succeed(opened, undefined) }))
      )
      yield* Deferred.await(opened)
      yield* hosts.cut("host-1")
      assert.deepStrictEqual(told(yield* Fiber.join(fiber)), { reason: "Read", ssh: "LinkLost" })
    }).pipe(Effect.provide(world)))

  it.scoped("closes with a code", () =>
    Effect.gen(function*() {
      const runtime = yield* Runtime.make("host-1")
      yield* runtime.start("late", { argv: ["late"] })
      for (const code of [1000, 4001]) {
        const socket = yield* RuntimeSocket.make(runtime, { port: 7 })
        const write = yield* socket.writer
        const fiber = yield* Effect.fork(Effect.exit(socket.run(() => undefined)))
        yield* write(new Socket.CloseEvent(code, "enough"))
        const exit = yield* Fiber.join(fiber)
        assert.include(JSON.stringify(exit), `"code":${code}`)
      }
    }).pipe(Effect.provide(world)))

  it.scoped("reads no more while handlers have much in hand, and ends when they have", () =>
    Effect.gen(function*() {
      const runtime = yield* Runtime.make("host-1")
      const server = yield* RuntimeSocket.server(runtime, { port: 7000 })
      const size = 8 * 1024 * 1024
      const full = yield* Deferred.make<void>()
      let inHand = 0
      let most = 0
      let done = 0
      const slow = (chunk: Uint8Array) =>
        Effect.gen(function*() {
          inHand += chunk.length
          most = Math.max(most, inHand)
          if (inHand >= 900_000) yield* Deferred.succeed(full, undefined)
          yield* Deferred.await(full)
          // Long enough for all that is sent to come, if it were read.
          yield* Effect.yieldNow().pipe(
            Effect.zipRight(Effect.async<void>((resume) => {
              setImmediate(() => resume(Effect.void))
            })),
            Effect.repeatN(20)
          )
          inHand -= chunk.length
          done += chunk.length
        })
      const over = yield* Deferred.make<void>()
      yield* Effect.forkScoped(
        server.run((socket) => Effect.zipRight(socket.run(slow), Deferred.succeed(over, undefined)))
      )
      yield* ask(runtime, { port: 7000 }, ...Array.from({ length: 128 }, () => new Uint8Array(size / 128)))
      yield* Deferred.await(over)
      assert.strictEqual(done, size)
      assert.isAtMost(most, 1_048_576 + 65_536)
    }).pipe(Effect.provide(world)))
})

describe("a server on a runtime", () => {
  it.scoped("serves connections that come to the host, also those that came before it ran", () =>
    Effect.gen(function*() {
      const runtime = yield* Runtime.make("host-1")
      const server = yield* RuntimeSocket.server(runtime, { port: 0 })
      assert.strictEqual(server.address._tag, "TcpAddress")
      const port = server.address._tag === "TcpAddress" ? server.address.port : 0
      const early = yield* Effect.fork(ask(runtime, { port }, "early"))
      yield* TestClock.adjust(0)
      yield* Effect.forkScoped(server.run(echo))
      assert.strictEqual(yield* Fiber.join(early), "early")
      assert.strictEqual(yield* ask(runtime, { port }, "later"), "later")
    }).pipe(Effect.provide(world)))

  it.scoped("listens on a Unix socket", () =>
    Effect.gen(function*() {
      const runtime = yield* Runtime.make("host-1")
      const at = { path: `${runtime.workingDirectory}/s` }
      const server = yield* RuntimeSocket.server(runtime, at)
      assert.deepStrictEqual(server.address, { _tag: "UnixAddress", ...at })
      yield* Effect.forkScoped(server.run(echo))
      assert.strictEqual(yield* ask(runtime, at, "hello"), "hello")
    }).pipe(Effect.provide(world)))

  it.scoped("says who has its port, and frees it with its scope", () =>
    Effect.gen(function*() {
      const runtime = yield* Runtime.make("host-1")
      yield* Effect.scoped(RuntimeSocket.server(runtime, { port: 7000 }))
      yield* RuntimeSocket.server(runtime, { port: 7000 })
      assert.deepStrictEqual(told(yield* Effect.flip(RuntimeSocket.server(runtime, { port: 7000 }))), {
        reason: "Open",
        ssh: "PortInUse"
      })
    }).pipe(Effect.provide(world)))

  it.scoped("goes on with the next connection where a handler fails", () =>
    Effect.gen(function*() {
      const runtime = yield* Runtime.make("host-1")
      const server = yield* RuntimeSocket.server(runtime, { port: 7000 })
      let first = true
      yield* Effect.forkScoped(server.run((socket) => {
        if (!first) return echo(socket)
        first = false
        return Effect.die("a bug")
      }))
      assert.strictEqual(yield* ask(runtime, { port: 7000 }, "one"), "")
      assert.strictEqual(yield* ask(runtime, { port: 7000 }, "two"), "two")
    }).pipe(Effect.provide(world)))

  it.scoped("listens again after a lost link, and ends with an error when the host is given up", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const runtime = yield* Runtime.make("host-1")
      const server = yield* RuntimeSocket.server(runtime, { port: 7000 })
      const fiber = yield* Effect.fork(Effect.flip(server.run(echo)))
      yield* hosts.cut("host-1")
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(yield* ask(runtime, { port: 7000 }, "again"), "again")
      yield* hosts.powerCut("host-1")
      yield* TestClock.adjust("2 minutes")
      assert.deepStrictEqual(told(yield* Fiber.join(fiber)), { reason: "Unknown", ssh: "LinkLost" })
    }).pipe(Effect.provide(world)))
})

class Sums extends RpcGroup.make(
  Rpc.make("add", { payload: { a: Schema.Number, b: Schema.Number }, success: Schema.Number }),
  Rpc.make("count", { payload: { to: Schema.Number }, success: Schema.Number, stream: true })
) {}

const handlers = Sums.toLayer({
  add: ({ a, b }) => Effect.succeed(a + b),
  count: ({ to }) => Stream.range(1, to)
})

describe("@effect/rpc over sockets of a runtime", () => {
  it.scoped("client and server meet on a port of the host", () =>
    Effect.gen(function*() {
      const runtime = yield* Runtime.make("host-1")
      yield* Layer.launch(
        RpcServer.layer(Sums).pipe(
          Layer.provide(handlers),
          Layer.provide(RpcServer.layerProtocolSocketServer),
          Layer.provide(RpcSerialization.layerMsgPack),
          Layer.provide(RuntimeSocket.layerServer(runtime, { port: 9000 }))
        )
      ).pipe(Effect.forkScoped)
      // It listens once it is built; until then a client tries again.
      yield* TestClock.adjust(0)
      const client = yield* RpcClient.make(Sums).pipe(
        Effect.provide(
          yield* Layer.build(
            RpcClient.layerProtocolSocket({ retryTransientErrors: true }).pipe(
              Layer.provide(RpcSerialization.layerMsgPack),
              Layer.provide(RuntimeSocket.layer(runtime, { port: 9000 }))
            )
          )
        )
      )
      assert.strictEqual(yield* client.add({ a: 1, b: 2 }), 3)
      assert.strictEqual(Chunk.reduce(yield* Stream.runCollect(client.count({ to: 100 })), 0, (a, b) => a + b), 5050)
    }).pipe(Effect.provide(world)))
})
