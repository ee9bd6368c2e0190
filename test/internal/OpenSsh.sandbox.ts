import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { SshConnection } from "../../src/services/SshConnection.ts"
import * as Sandbox from "../../src/testing/Sandbox.ts"
import * as Channels from "./ssh2Channels.ts"
import { connect, hostOf, layerOf } from "./ssh2Lab.ts"

const test = <E>(
  name: string,
  body: (connection: SshConnection, host: Sandbox.SandboxHost) => Effect.Effect<unknown, E>,
  options?: Sandbox.Options
) =>
  it.scopedLive(name, () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.make({ hosts: 1, ...options })
      yield* Effect.flatMap(connect("host-1"), (connection) => body(connection, hostOf(sandbox, "host-1"))).pipe(
        Effect.scoped,
        Effect.provide(layerOf(sandbox.configFile, { transport: "openssh" }))
      )
      assert.strictEqual(yield* hostOf(sandbox, "host-1").connections, 1)
    }), 120_000)

describe("a connection of OpenSSH's client to a Sandbox host", () => {
  test("processes: output apart, exit codes, signals, input that nobody takes", Channels.processes)
  test("twenty megabytes both ways, and back-pressure", Channels.bulk)
  test("forwards: two hundred at once, half closes, a port in use, a port free again", Channels.forwards)
  test("files", (connection, host) => Channels.files(connection, `${host.home}/files`))
  test("a cut fails everything that waits", (connection, host) => Channels.lost(connection, host.cut))
  test("a severed link is a cut", (connection) => Channels.lost(connection, connection.sever))
  test("two hundred times opened and closed", (connection) => Channels.cycles(connection))
  test("forwards that are forbidden are told from a port in use", (connection) =>
    Effect.gen(function*() {
      const any = yield* Effect.flip(Effect.scoped(connection.listen({ port: 0 })))
      const one = yield* Effect.flip(Effect.scoped(connection.listen({ port: 45_678 })))
      assert.deepStrictEqual([any.reason, one.reason], ["ForwardForbidden", "ForwardForbidden"])
      assert.include(one.hint, "AllowTcpForwarding")
    }), { allowTcpForwarding: false })
})
