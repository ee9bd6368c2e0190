import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { userInfo } from "node:os"
import { manager } from "../../src/services/Host.ts"
import { sameMachine } from "../../src/services/HostIdentity.ts"
import * as Ssh from "../../src/services/Ssh.ts"
import * as Sandbox from "../../src/testing/Sandbox.ts"
import { command, configOf, connect, hostOf, layerOf } from "../internal/ssh2Lab.ts"

describe("what a connection knows of its host", () => {
  it.scopedLive("is one for two names of one host, and three for three hosts of a Sandbox", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.make()
      const { hostKey, port } = hostOf(sandbox, "host-1")
      const file = configOf(
        sandbox,
        "names",
        "Host again",
        // Another spelling of the same address.
        "  HostName 127.1",
        `  Port ${port}`,
        `  User ${userInfo().username}`,
        "  HostKeyAlgorithms ssh-ed25519",
        `  IdentityFile ${sandbox.identityFile}`,
        `  UserKnownHostsFile ${sandbox.knownHostsFile}`
      )
      yield* Effect.gen(function*() {
        const identity = (alias: string) => Effect.flatMap(connect(alias), (connection) => connection.identity)
        const [one, two, three] = yield* Effect.all([identity("host-1"), identity("host-2"), identity("host-3")])
        const again = yield* identity("again")
        assert.isTrue(sameMachine(one, again))
        assert.deepStrictEqual([sameMachine(one, two), sameMachine(two, three)], [false, false])

        const shown = yield* command("sh", ["-c", "echo \"$1\" | ssh-keygen -l -f -", "sh", hostKey])
        const { login, server, ...machine } = one
        assert.match(server ?? "", /^\S+/)
        assert.deepStrictEqual(login, { by: sandbox.identityFile, refused: [], leftOut: [] })
        assert.deepStrictEqual(machine, {
          hostKey: shown.stdout.toString().split(" ")[1],
          address: "127.0.0.1",
          port,
          user: userInfo().username,
          through: undefined
        })
        const here = yield* Effect.flatMap(
          Effect.flatMap(Ssh.Ssh, (ssh) => ssh.connect(manager)),
          (connection) => connection.identity
        )
        assert.isFalse(sameMachine(one, here))
      }).pipe(Effect.scoped, Effect.provide(layerOf(file)))
    }).pipe(Effect.provide(NodeContext.layer)))
})
