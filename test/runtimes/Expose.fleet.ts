/** Exposures between hosts that cannot reach one another and have only port 22 open. */
import { assert, describe, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Expose from "../../src/runtimes/Expose.ts"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import * as RuntimeGroup from "../../src/runtimes/RuntimeGroup.ts"
import type { Ssh } from "../../src/services/Ssh.ts"
import type { Address, SshConnection } from "../../src/services/SshConnection.ts"
import * as Fleet from "../fleet/Fleet.ts"
import { connect, layerOf } from "../internal/ssh2Lab.ts"
import { eventually } from "../patience.ts"
import { ask, askAt } from "./exposeSockets.ts"

/** Says the name of its host to each that connects to the port. */
const service = (port: number) =>
  [
    "python3",
    "-c",
    `import socket, sys
s = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    c, _ = s.accept()
    c.sendall(socket.gethostname().encode())
    c.close()`,
    String(port)
  ] as const

const started = (runtime: Runtime.Runtime, port: number) =>
  Effect.zipRight(runtime.start("service", { argv: service(port) }), eventually(ask1(runtime, { port })))

/** As a program on that host sees it. */
const ask1 = (runtime: Runtime.Runtime, at: Address) =>
  Effect.scoped(Effect.gen(function*() {
    const connection = yield* runtime.connection
    return yield* ask(yield* connection.dial(at), "")
  }))

const withServices = <A, E, R>(
  body: (fleet: Fleet.FleetService) => Effect.Effect<A, E, R>
) =>
  Effect.flatMap(
    Fleet.Fleet,
    // A cable that is cut is noticed soon.
    (fleet) => body(fleet).pipe(Effect.scoped, Effect.provide(layerOf(fleet.configFile, { keepalive: "1 second" })))
  )

const isolated = (fleet: Fleet.FleetService) =>
  Effect.acquireRelease(
    Effect.zipRight(fleet.isolate(true), fleet.sshOnly(true)),
    () => Effect.orDie(Effect.zipRight(fleet.sshOnly(false), fleet.isolate(false)))
  )

const sockets = <R>(
  body: (connection: SshConnection, folder: string) => Effect.Effect<void, unknown, R>
) =>
  withServices((fleet) =>
    Effect.gen(function*() {
      yield* fleet.exec(1, ["sh", "-c", "rm -rf /tmp/s && mkdir /tmp/s"])
      yield* body(yield* connect("host1"), "/tmp/s")
    })
  )

/** The most of some looks: between two naps of a guardian's watchdog there is one less, and its follower comes last. */
const processes = (fleet: Fleet.FleetService) =>
  Effect.map(
    Effect.forEach(Array.from({ length: 10 }), () => Effect.delay(fleet.processes(1), "200 millis")),
    (looks) => Math.max(...looks.map(({ length }) => length))
  )

describe.skipIf(!Fleet.available)("Expose between hosts", () => {
  layer(Fleet.layer(), { excludeTestServices: true })("that have only port 22 open", (it) => {
    it.effect(
      "a service of host1 is reached on host2 and host3, and on the manager",
      () =>
        withServices((fleet) =>
          Effect.gen(function*() {
            yield* isolated(fleet)
            const group = yield* RuntimeGroup.make(fleet.hosts)
            const [one] = group.runtimes
            if (one === undefined) return assert.fail("no host")
            yield* started(one, 5432)
            const exposed = yield* Expose.fromRuntimeToGroup(group, "host1", 5432)
            assert.strictEqual(
              Expose.render(exposed),
              "host2 127.0.0.1:5432 -> host1 127.0.0.1:5432\nhost3 127.0.0.1:5432 -> host1 127.0.0.1:5432"
            )
            for (const host of [2, 3]) {
              const said = yield* fleet.exec(host, ["bash", "-c", "cat < /dev/tcp/127.0.0.1/5432"])
              assert.strictEqual(said, "host1")
              assert.deepStrictEqual(yield* fleet.listening(host), ["127.0.0.1:5432"])
            }
            const here = yield* Expose.fromRuntime(one, 5432, { at: "any" })
            assert.strictEqual(yield* askAt({ port: here.port }, ""), "host1")
            // Back out again: from the manager to host2 and host3, under another number.
            yield* Expose.toGroup(group, here.port, { at: 6000, exclude: ["host1"] })
            assert.strictEqual(yield* fleet.exec(3, ["bash", "-c", "cat < /dev/tcp/127.0.0.1/6000"]), "host1")
          })
        ).pipe(
          Effect.zipRight(eventually(Effect.flatMap(Fleet.Fleet, (fleet) =>
            Effect.map(Effect.forEach([1, 2, 3], fleet.listening), (all) =>
              assert.deepStrictEqual(all.flat(), [])))))
        ),
      120_000
    )

    it.effect(
      "a cable is cut and put back: the same number answers again",
      () =>
        withServices((fleet) =>
          Effect.gen(function*() {
            const group = yield* RuntimeGroup.make(fleet.hosts, { lease: "1 minute" })
            const [one, two] = group.runtimes
            if (one === undefined || two === undefined) return assert.fail("no host")
            yield* started(one, 5433)
            const exposed = yield* Expose.fromRuntimeToGroup(group, "host1", 5433, { exclude: ["host3"] })
            for (const [cut, name] of [[2, "the listening side"], [1, "the service's side"]] as const) {
              const states = yield* Expose.states(exposed).pipe(
                Stream.map(({ state }) => state._tag),
                Stream.take(3),
                Stream.runCollect,
                Effect.fork
              )
              yield* fleet.cut(cut)
              yield* eventually(Effect.filterOrFail(
                Stream.runHead(Expose.states(exposed)),
                Option.exists(({ state }) => state._tag === "Healing")
              ))
              yield* fleet.join(cut)
              assert.deepStrictEqual([...yield* Fiber.join(states)], ["Open", "Healing", "Open"], name)
              assert.strictEqual(yield* fleet.exec(2, ["bash", "-c", "cat < /dev/tcp/127.0.0.1/5433"]), "host1", name)
            }
          })
        ),
      240_000
    )

    it.effect(
      "fifty times opened and closed: no listener and no process is left",
      () =>
        withServices((fleet) =>
          Effect.gen(function*() {
            const runtime = yield* Runtime.make("host1")
            const before = yield* processes(fleet)
            yield* Effect.forEach(Array.from({ length: 50 }), () =>
              Effect.scoped(Effect.gen(function*() {
                yield* Expose.toRuntime(runtime, 8000, { at: 7000 })
                yield* Expose.fromRuntime(runtime, 8000, { at: "any" })
                yield* Expose.toRuntime(runtime, Expose.range(8000, 8002), { at: "any" })
                yield* Expose.toRuntime(runtime, 8000, { at: { path: "s" } })
                // One under way.
                const connection = yield* runtime.connection
                yield* connection.dial({ port: 7000 })
              })), { discard: true })
            yield* eventually(Effect.gen(function*() {
              assert.deepStrictEqual(yield* fleet.listening(1), [])
              assert.isAtMost((yield* fleet.processes(1)).length, before)
            }))
            assert.strictEqual(yield* fleet.exec(1, ["ls", "-A", runtime.workingDirectory]), "")
          })
        ),
      240_000
    )

    it.effect("a port that is taken on a host: who holds it there", () =>
      withServices(() =>
        Effect.gen(function*() {
          const runtime = yield* Runtime.make("host1")
          yield* started(runtime, 5434)
          const error = yield* Effect.flip(Expose.toRuntime(runtime, 8000, { at: 5434 }))
          assert.deepInclude(error, { reason: "PortInUse", host: "host1" })
          assert.match(error.message, /127\.0\.0\.1:5434 .*: python3\S* \(\d+\) listens there/)
        })
      ))

    it.effect("the file of a socket goes when the connection is cut off", () =>
      sockets((connection, folder) =>
        Effect.gen(function*() {
          const fleet = yield* Fleet.Fleet
          yield* connection.listen({ path: `${folder}/x` })
          assert.strictEqual(yield* fleet.exec(1, ["ls", folder]), "x\n")
          yield* connection.sever
          yield* eventually(Effect.filterOrFail(fleet.exec(1, ["ls", folder]), (names) => names === ""))
        })
      ))
  })

  const forbidding = <A, E>(sshd: string, title: string, test: Effect.Effect<A, E, Scope.Scope | Ssh>) =>
    layer(Fleet.layer({ hosts: 1, sshd: [sshd] }), { excludeTestServices: true })(`whose sshd says ${sshd}`, (it) => {
      it.effect(title, () => withServices(() => test))
    })
  const forbidden = (runtime: Runtime.Runtime, at: Expose.Options["at"], hint: string) =>
    Effect.map(Effect.flip(Expose.toRuntime(runtime, 8000, { at })), (error) => {
      assert.deepInclude(error, { reason: "ForwardForbidden", host: "host1", step: "listen" })
      assert.include(error.hint, hint)
    })

  forbidding(
    "AllowTcpForwarding no",
    "neither ports nor sockets",
    Effect.gen(function*() {
      const runtime = yield* Runtime.make("host1")
      yield* forbidden(runtime, 7000, "AllowTcpForwarding")
      yield* forbidden(runtime, { path: "s" }, "AllowTcpForwarding")
    })
  )
  forbidding(
    "AllowStreamLocalForwarding no",
    "no sockets, but ports",
    Effect.gen(function*() {
      const runtime = yield* Runtime.make("host1")
      yield* forbidden(runtime, { path: "s" }, "AllowStreamLocalForwarding")
      yield* Expose.toRuntime(runtime, 8000, { at: "any" })
    })
  )
  forbidding(
    "PermitListen 127.0.0.1:7000",
    "another port is forbidden, and the permitted one may be taken",
    Effect.gen(function*() {
      const runtime = yield* Runtime.make("host1")
      yield* forbidden(runtime, 7001, "PermitListen")
      yield* Effect.scoped(Expose.toRuntime(runtime, 8000, { at: 7000 }))
      yield* started(runtime, 7000)
      const taken = yield* Effect.flip(Expose.toRuntime(runtime, 8000, { at: 7000 }))
      assert.deepInclude(taken, { reason: "PortInUse", host: "host1" })
      assert.match(taken.message, /127\.0\.0\.1:7000 cannot be bound: python3\S* \(\d+\) listens there/)
    })
  )
})
