import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { writeFileSync } from "node:fs"
import * as Sandbox from "../../src/testing/Sandbox.ts"
import { configOf, connect, hostOf, layerOf, run } from "./ssh2Lab.ts"

describe("keepalive", () => {
  it.scopedLive("as the ssh config says: a host that no longer answers is lost", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.make({ hosts: 1 })
      const file = configOf(sandbox, "alive", "Host *", "  ServerAliveInterval 1", "  ServerAliveCountMax 1")
      yield* Effect.gen(function*() {
        const connection = yield* connect("host-1")
        assert.strictEqual((yield* run(connection, "echo up")).stdout, "up\n")
        yield* hostOf(sandbox, "host-1").stall
        const error = yield* Effect.flip(connection.lost)
        assert.strictEqual(error.reason, "LinkLost")
        assert.include(error.message, "Keepalive timeout")
      }).pipe(Effect.scoped, Effect.provide(layerOf(file, { keepalive: "1 hour" })))
    }), 60_000)
})

describe("the way there", () => {
  it.scopedLive("from the address and over the family that the ssh config names", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.make({ hosts: 1 })
      const whence = (name: string, ...lines: ReadonlyArray<string>) =>
        connect("host-1").pipe(
          Effect.flatMap((connection) => run(connection, "echo ${SSH_CONNECTION%% *}")),
          Effect.scoped,
          Effect.provide(layerOf(configOf(sandbox, name, "Host *", ...lines)))
        )
      assert.strictEqual((yield* whence("plain", "  AddressFamily inet")).stdout, "127.0.0.1\n")
      const nobody = yield* Effect.flip(whence("bound", "  BindAddress 192.0.2.1"))
      assert.include(nobody.message, "BindAddress")
      // It listens on IPv4 only, under a name that known_hosts does not hold.
      const four = yield* Effect.flip(whence("four", "  HostName localhost", "  AddressFamily inet"))
      assert.strictEqual(four.reason, "HostKeyUnknown")
      const six = yield* Effect.flip(whence("six", "  HostName localhost", "  AddressFamily inet6"))
      assert.include(["Refused", "NameUnknown"], six.reason)
    }), 60_000)

  it.scopedLive("a host key that is known under another name, hashed, or not asked for", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.make({ hosts: 1 })
      const known = `${sandbox.home}/known`
      const ask = (name: string, text: string, ...lines: ReadonlyArray<string>) =>
        Effect.sync(() => writeFileSync(known, text)).pipe(
          Effect.zipRight(connect("host-1")),
          Effect.as("trusted"),
          Effect.scoped,
          Effect.catchAll((error) => Effect.succeed(error.reason)),
          Effect.provide(layerOf(configOf(sandbox, name, "Host *", `  UserKnownHostsFile ${known}`, ...lines)))
        )
      const { hostKey, port } = hostOf(sandbox, "host-1")
      const other = hostOf(yield* Sandbox.make({ hosts: 1 }), "host-1").hostKey
      assert.deepStrictEqual(
        yield* Effect.all([
          ask("alias", `gpu ${hostKey}\n`, "  HostKeyAlias gpu"),
          ask("no-alias", `gpu ${hostKey}\n`),
          // Without a port of its own in the file, the name alone counts.
          ask("portless", `127.0.0.1 ${hostKey}\n`),
          ask("changed", `[127.0.0.1]:${port} ${other}\n`),
          ask("changed-no", `[127.0.0.1]:${port} ${other}\n`, "  StrictHostKeyChecking no"),
          ask("one-of-two", `[127.0.0.1]:${port} ${other}\n[127.0.0.1]:${port} ${hostKey}\n`),
          ask("revoked", `@revoked * ${hostKey}\n[127.0.0.1]:${port} ${hostKey}\n`),
          ask("local", "", "  NoHostAuthenticationForLocalhost yes")
        ]),
        [
          "trusted",
          "HostKeyUnknown",
          "trusted",
          "HostKeyChanged",
          "HostKeyChanged",
          "trusted",
          "HostKeyChanged",
          "trusted"
        ]
      )
      const revoked = `${sandbox.home}/revoked`
      writeFileSync(revoked, `# old\n${hostKey} somebody\n`)
      const line = `[127.0.0.1]:${port} ${hostKey}\n`
      assert.strictEqual(yield* ask("list", line, `  RevokedHostKeys ${revoked}`), "HostKeyChanged")
      writeFileSync(revoked, "SSHKRL\n\0")
      assert.strictEqual(yield* ask("binary", line, `  RevokedHostKeys ${revoked}`), "HostKeyUnknown")
      assert.strictEqual(yield* ask("no-list", line, `  RevokedHostKeys ${revoked}.no`), "HostKeyUnknown")
    }), 60_000)
})
