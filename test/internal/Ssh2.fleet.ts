import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Command from "@effect/platform/Command"
import { assert, describe, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { appendFileSync, readFileSync, writeFileSync } from "node:fs"
import type { SshConnection } from "../../src/services/SshConnection.ts"
import * as Fleet from "../fleet/Fleet.ts"
import { eventually } from "../patience.ts"
import { run as runCommand } from "../testing/sandboxClients.ts"
import { agent, connect, layerOf, run } from "./ssh2Lab.ts"

/** A further config; the fleet's own lines come last. */
const configOf = (fleet: Fleet.FleetService, name: string, ...lines: ReadonlyArray<string>) => {
  const file = `${fleet.home}/.ssh/${name}`
  writeFileSync(file, `${lines.join("\n")}\nHost *\n  Include ${fleet.configFile}\n`, { mode: 0o600 })
  return file
}

const on = <A, E>(
  host: string,
  body: (connection: SshConnection, fleet: Fleet.FleetService) => Effect.Effect<A, E, Scope.Scope>
) =>
  Effect.gen(function*() {
    const fleet = yield* Fleet.Fleet
    return yield* Effect.flatMap(connect(host), (connection) => body(connection, fleet)).pipe(
      Effect.scoped,
      Effect.provide(layerOf(fleet.configFile))
    )
  })

describe.skipIf(!Fleet.available)("a connection to sshd", () => {
  layer(Fleet.layer(), { excludeTestServices: true })("with OpenSSH's defaults", (it) => {
    it.effect("is made to each host with the key type that known_hosts holds, in one TCP connection", () =>
      Effect.gen(function*() {
        const fleet = yield* Fleet.Fleet
        yield* Effect.gen(function*() {
          for (const [index, host] of fleet.hosts.entries()) {
            const connection = yield* connect(host)
            assert.strictEqual((yield* run(connection, "hostname")).stdout, `${host}\n`)
            assert.strictEqual(yield* fleet.connections(index + 1), 1)
          }
        }).pipe(Effect.scoped, Effect.provide(layerOf(fleet.configFile)))
        yield* eventually(Effect.gen(function*() {
          assert.deepStrictEqual(yield* fleet.processes(1), [])
          assert.strictEqual(yield* fleet.connections(1), 0)
        }))
      }))

    it.effect("a listener that is interrupted while it is being bound leaves no port", () =>
      on("host1", (connection, fleet) =>
        Effect.gen(function*() {
          yield* Effect.forEach(Array.from({ length: 30 }, (_, index) => index), (index) =>
            Effect.scoped(connection.listen({ port: 0 })).pipe(Effect.timeoutOption(index)), { discard: true })
          yield* eventually(Effect.gen(function*() {
            assert.deepStrictEqual(yield* fleet.listening(1), [])
          }))
        })))

    it.effect("goes through a jump host, and through a jump host behind it", () =>
      Effect.gen(function*() {
        const fleet = yield* Fleet.Fleet
        yield* fleet.isolate(false)
        yield* Effect.addFinalizer(() => Effect.orDie(fleet.isolate(true)))
        const file = configOf(fleet, "jumps", "Host host3", "  ProxyJump host1,host2")
        const hostname = yield* connect("host3").pipe(
          Effect.flatMap((connection) => run(connection, "hostname; echo ${SSH_CONNECTION%% *}")),
          Effect.scoped,
          Effect.provide(layerOf(file))
        )
        assert.strictEqual(hostname.stdout, "host3\n10.77.0.2\n")
        const nobody = configOf(
          fleet,
          "nobody",
          "Host nobody",
          "  HostName 127.0.0.1",
          "  Port 1",
          "  ProxyJump host1",
          `  UserKnownHostsFile ${fleet.home}/.ssh/known_hosts`
        )
        const refused = yield* connect("nobody").pipe(Effect.scoped, Effect.flip, Effect.provide(layerOf(nobody)))
        assert.strictEqual(`${refused.host} ${refused.reason}`, "nobody Refused")
      }).pipe(Effect.scoped))

    it.effect(
      "with RSA and ECDSA keys, from files and from an agent; the sixth is not reached",
      () =>
        Effect.gen(function*() {
          const fleet = yield* Fleet.Fleet
          const key = (type: string, name: string, ...words: ReadonlyArray<string>) => {
            const file = `${fleet.home}/.ssh/${name}`
            const made = runCommand(
              Command.make("ssh-keygen", "-q", "-t", type, ...words, "-N", "", "-C", name, "-f", file)
            )
            return Effect.as(made, file)
          }
          const authorize = (file: string) =>
            Effect.sync(() => appendFileSync(`${fleet.disk(1)}/home/.ssh/authorized_keys`, readFileSync(`${file}.pub`)))
          const own = readFileSync(fleet.configFile, "utf8").split("\n").filter((line) =>
            !line.includes("IdentityFile")
          )
          const answer = (files: ReadonlyArray<string>, ...lines: ReadonlyArray<string>) => {
            const config = `${fleet.home}/.ssh/keys`
            const head = ["Host *", ...lines, ...files.map((file) => `  IdentityFile ${file}`)]
            writeFileSync(config, `${[...head, ...own].join("\n")}\n`)
            return connect("host1").pipe(
              Effect.flatMap((connection) => run(connection, "hostname")),
              Effect.map((ended) => ended.stdout),
              Effect.scoped,
              Effect.provide(layerOf(config))
            )
          }
          const strangers = yield* Effect.forEach([1, 2, 3, 4, 5], (n) => key("rsa", `rsa-${n}`, "-b", "2048"))
          const rsa = yield* key("rsa", "rsa", "-b", "3072")
          const ecdsa = yield* key("ecdsa", "ecdsa", "-b", "384")
          for (const file of [rsa, ecdsa]) {
            yield* authorize(file)
            assert.strictEqual(yield* answer([file]), "host1\n")
          }
          const socket = yield* agent(fleet.home, rsa, ecdsa)
          for (const file of [rsa, ecdsa]) {
            assert.strictEqual(yield* answer([`${file}.pub`], `  IdentityAgent ${socket}`), "host1\n")
          }
          // Four strangers and then the right one: an RSA key is one try, not one for each way to sign.
          assert.strictEqual(yield* answer([...strangers.slice(1), rsa]), "host1\n")
          const refused = yield* Effect.flip(answer([...strangers, rsa]))
          assert.strictEqual(refused.reason, "Authentication")
          assert.include(refused.message, `takes none of ${strangers.join(", ")} (not offered: ${rsa}, since`)
        }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)),
      120_000
    )
  })

  layer(Fleet.layer({ hosts: 1, sshd: ["PasswordAuthentication yes", "AuthenticationMethods publickey,password"] }), {
    excludeTestServices: true
  })("that wants more than a key", (it) => {
    it.effect("says what it wants", () =>
      Effect.gen(function*() {
        const fleet = yield* Fleet.Fleet
        const error = yield* connect("host1").pipe(
          Effect.scoped,
          Effect.flip,
          Effect.provide(layerOf(fleet.configFile))
        )
        assert.strictEqual(error.reason, "Authentication")
        assert.include(error.message, "root@10.77.0.1 is not content with a key, it wants password")
      }))
  })
})
