import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import { createHash } from "node:crypto"
import { existsSync } from "node:fs"
import * as Expose from "../../src/runtimes/Expose.ts"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import * as RuntimeGroup from "../../src/runtimes/RuntimeGroup.ts"
import * as Sandbox from "../../src/testing/Sandbox.ts"
import { layerOf } from "../internal/ssh2Lab.ts"
import { eventually } from "../patience.ts"
import { freePort } from "../testing/sandboxClients.ts"
import { ask, askAt, client, echo, isRefused, server } from "./exposeSockets.ts"

const megabyte = 1024 * 1024

const hosts = (count: number) => Effect.map(Sandbox.make({ hosts: count }), ({ configFile }) => layerOf(configFile))

const on = <A, E>(
  body: (
    runtime: Runtime.Runtime
  ) => Effect.Effect<A, E, Scope.Scope | Effect.Effect.Context<ReturnType<typeof Runtime.make>>>
) =>
  Effect.flatMap(
    hosts(1),
    (services) => Effect.flatMap(Runtime.make("host-1"), body).pipe(Effect.scoped, Effect.provide(services))
  )

/** Both directions of ports: the hosts of a Sandbox share the manager's loopback, so another number makes a tunnel. */
const directions = [["toRuntime", Expose.toRuntime], ["fromRuntime", Expose.fromRuntime]] as const

describe("Expose over real sockets", () => {
  for (const [name, expose] of directions) {
    it.scopedLive(`${name}: a hundred connections at once; the port is free with the scope, and what was under way ends`, () =>
      on((runtime) =>
        Effect.gen(function*() {
          const service = yield* server(echo("got "))
          const spare = yield* freePort
          const scope = yield* Scope.make()
          const { port } = yield* Scope.extend(expose(runtime, service, { at: spare }), scope)
          assert.strictEqual(port, spare)
          const answers = yield* Effect.all(
            Array.from({ length: 100 }, (_, index) => askAt({ port }, `${index}`)),
            { concurrency: 100 }
          )
          assert.deepStrictEqual(answers, Array.from({ length: 100 }, (_, index) => `got ${index}`))
          const open = yield* client({ port })
          const closed = yield* Effect.fork(Effect.async<void>((resume) => {
            open.resume().once("close", () => resume(Effect.void)).once("end", () => open.end())
          }))
          open.write("x")
          yield* Scope.close(scope, Exit.void)
          yield* Fiber.join(closed)
          assert.isTrue(yield* isRefused({ port }))
        })
      ))

    it.scopedLive(`${name}: a port that is taken: the right machine, and who holds it`, () =>
      on((runtime) =>
        Effect.gen(function*() {
          const service = yield* server(echo(""))
          const taken = yield* server(() => undefined)
          const error = yield* Effect.flip(expose(runtime, service, { at: taken }))
          assert.deepInclude(error, {
            _tag: "SshError",
            reason: "PortInUse",
            host: name === "toRuntime" ? "host-1" : "(manager)"
          })
          assert.include(error.message, `127.0.0.1:${taken}`)
          assert.match(error.message, new RegExp(` \\(${process.pid}\\) listens there`))
        })
      ))

    it.scopedLive(
      `${name}: a reader that is slow holds its sender back; then all 100 MB arrive`,
      () =>
        on((runtime) =>
          Effect.gen(function*() {
            const total = 100 * megabyte
            const chunk = Buffer.alloc(megabyte, "lazycluster")
            let sent = 0
            const service = yield* server((socket) => {
              const more = () => {
                while (sent < total) {
                  sent += chunk.length
                  if (!socket.write(chunk)) return void socket.once("drain", more)
                }
                socket.end()
              }
              more()
            })
            const { port } = yield* expose(runtime, service, { at: yield* Effect.scoped(server(() => undefined)) })
            const before = process.memoryUsage().rss
            const reader = yield* client({ port })
            // Stands still once all buffers on the way are full.
            yield* eventually(Effect.gen(function*() {
              const now = sent
              yield* Effect.sleep("300 millis")
              assert.isTrue(now > 0 && now === sent)
            }))
            assert.isBelow(sent, 40 * megabyte)
            assert.isBelow(process.memoryUsage().rss - before, 80 * megabyte)
            const hash = createHash("sha256")
            let size = 0
            yield* Effect.async<void>((resume) => {
              reader
                .on("data", (data) => {
                  size += data.length
                  hash.update(data)
                })
                .once("end", () => resume(Effect.void))
            })
            assert.strictEqual(size, total)
            const whole = createHash("sha256")
            for (let index = 0; index < total / megabyte; index += 1) whole.update(chunk)
            assert.strictEqual(hash.digest("hex"), whole.digest("hex"))
          })
        ),
      120_000
    )
  }

  it.scopedLive("a range is taken as a whole or not at all", () =>
    on((runtime) =>
      Effect.gen(function*() {
        // Below the numbers that outgoing connections take.
        const exposed = yield* Expose.toRuntime(runtime, Expose.range(8000, 8003), { at: 24_100 })
        assert.deepStrictEqual(exposed.ports, [24_100, 24_101, 24_102, 24_103])
        const error = yield* Effect.flip(Expose.toRuntime(runtime, Expose.range(8000, 8003), { at: 24_098 }))
        assert.strictEqual(error.reason, "PortInUse")
        assert.isTrue((yield* isRefused({ port: 24_098 })) && (yield* isRefused({ port: 24_099 })))
      })
    ))

  it.scopedLive("Unix sockets at both ends, mode 0600 at first sight, gone with the scope", () =>
    on((runtime) =>
      Effect.gen(function*() {
        yield* server(echo("socket "), { path: runtime.resolve("service") })
        const scope = yield* Scope.make()
        yield* Effect.gen(function*() {
          const port = yield* Expose.fromRuntime(runtime, { path: "service" })
          assert.strictEqual(yield* askAt({ port: port.port }, "a"), "socket a")
          yield* Expose.toRuntime(runtime, port.port, { at: { path: "back" } })
          assert.strictEqual(yield* askAt({ path: runtime.resolve("back") }, "b"), "socket b")
        }).pipe(Scope.extend(scope))
        yield* Scope.close(scope, Exit.void)
        assert.isFalse(existsSync(runtime.resolve("back")))
        assert.isTrue(existsSync(runtime.resolve("service")))
      })
    ))

  it.scopedLive("a member's service on the rest of its group", () =>
    Effect.flatMap(hosts(3), (services) =>
      Effect.gen(function*() {
        const group = yield* RuntimeGroup.make(["host-1", "host-2", "host-3"])
        const service = yield* server(echo("one "))
        const { port, routes } = yield* Expose.fromRuntimeToGroup(group, "host-1", service, {
          at: [service + 1, service + 2, service + 3]
        })
        assert.lengthOf(routes, 2)
        for (const runtime of group.runtimes) {
          const connection = yield* runtime.connection
          const answer = yield* Effect.scoped(
            Effect.flatMap(connection.dial({ port }), (socket) => ask(socket, "x"))
          )
          assert.strictEqual(answer, "one x")
        }
      }).pipe(Effect.scoped, Effect.provide(services))))
})
