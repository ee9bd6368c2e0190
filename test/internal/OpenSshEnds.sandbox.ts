/** What is left of OpenSSH's client when something ends in an odd order. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import { mkdirSync, readdirSync } from "node:fs"
import * as Sandbox from "../../src/testing/Sandbox.ts"
import { ownTmp } from "../ownTmp.ts"
import { bytes, configOf, connect, hostOf, layerOf, program, run } from "./ssh2Lab.ts"

describe("OpenSSH's client", () => {
  for (const transport of ["ssh2", "openssh"] as const) {
    it.scopedLive(
      `over ${transport}, a process whose scope has closed ends for whoever still waits for it`,
      () =>
        Effect.gen(function*() {
          const sandbox = yield* Sandbox.make({ hosts: 1 })
          yield* Effect.gen(function*() {
            const connection = yield* connect("host-1")
            const scope = yield* Scope.make()
            const process = yield* Scope.extend(
              connection.exec({ program: program("exec sleep 600"), words: [] }),
              scope
            )
            const waiting = yield* Effect.fork(Effect.flip(process.exit))
            const reading = yield* Effect.fork(Effect.exit(bytes(process.stdout)))
            yield* Effect.yieldNow()
            yield* Scope.close(scope, Exit.void)
            const error = yield* Effect.timeout(Fiber.join(waiting), "10 seconds")
            assert.strictEqual(error._tag, "SshError")
            yield* Effect.timeout(Fiber.join(reading), "10 seconds")
          }).pipe(Effect.scoped, Effect.provide(layerOf(sandbox.configFile, { transport })))
        }),
      60_000
    )
  }

  it.scopedLive("uses and leaves no master of the user's own, for jump hosts either", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.make({ hosts: 4 })
      const sockets = `${sandbox.home}/cm`
      mkdirSync(sockets)
      const file = configOf(
        sandbox,
        "masters",
        "Host host-2",
        "  ProxyJump host-1",
        "Host host-4",
        "  ProxyJump host-2,host-3",
        "Host *",
        "  ControlMaster auto",
        `  ControlPath ${sockets}/%C`,
        "  ControlPersist 20"
      )
      const { stdout } = yield* Effect.flatMap(connect("host-4"), (connection) => run(connection, "echo $HOME")).pipe(
        Effect.scoped,
        Effect.provide(layerOf(file, { transport: "openssh" }))
      )
      assert.strictEqual(stdout, `${hostOf(sandbox, "host-4").home}\n`)
      assert.deepStrictEqual(readdirSync(sockets), [])
      assert.deepStrictEqual(yield* Effect.forEach(sandbox.hosts, (host) => host.connections), [1, 1, 1, 1])
    }), 60_000)

  it.scopedLive("refuses jump hosts that go in a circle", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.make({ hosts: 2 })
      const lines = ["Host host-1", "  ProxyJump host-2", "Host host-2", "  ProxyJump host-1"]
      const error = yield* connect("host-1").pipe(
        Effect.scoped,
        Effect.flip,
        Effect.provide(layerOf(configOf(sandbox, "circle", ...lines), { transport: "openssh" }))
      )
      assert.include(error.message, "ProxyJump goes in a circle: host-1, host-2, host-1")
    }), 60_000)

  it.scopedLive("leaves no socket for forwards that have gone", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.make({ hosts: 1 })
      const tmp = yield* ownTmp
      yield* Effect.gen(function*() {
        const connection = yield* connect("host-1")
        for (let index = 0; index < 3; index++) yield* Effect.scoped(connection.listen({ port: 0 }))
        const [own = ""] = readdirSync(tmp)
        assert.match(own, /^lazycluster-ssh-/)
        assert.deepStrictEqual(readdirSync(`${tmp}/${own}`), ["c"])
      }).pipe(Effect.scoped, Effect.provide(layerOf(sandbox.configFile, { transport: "openssh" })))
    }), 60_000)
})
