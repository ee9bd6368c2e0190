import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, describe, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Struct from "effect/Struct"
import { appendFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"
import type * as Ssh from "../../src/services/Ssh.ts"
import type { SshConnection } from "../../src/services/SshConnection.ts"
import * as Victim from "../campaign/Victim.ts"
import * as Fleet from "../fleet/Fleet.ts"
import { eventually } from "../patience.ts"
import { command, connect, layerOf, program, run } from "./ssh2Lab.ts"

const configOf = (fleet: Fleet.FleetService, name: string, ...lines: ReadonlyArray<string>) => {
  const file = `${fleet.home}/.ssh/${name}`
  writeFileSync(file, `${lines.join("\n")}\nHost *\n  Include ${fleet.configFile}\n`, { mode: 0o600 })
  return file
}

const on = <A, E>(
  host: string,
  body: (connection: SshConnection, fleet: Fleet.FleetService) => Effect.Effect<A, E, Scope.Scope>,
  options: { readonly file?: (fleet: Fleet.FleetService) => string; readonly ssh?: Ssh.Options } = {}
) =>
  Effect.gen(function*() {
    const fleet = yield* Fleet.Fleet
    const file = options.file?.(fleet) ?? fleet.configFile
    return yield* Effect.flatMap(connect(host), (connection) => body(connection, fleet)).pipe(
      Effect.scoped,
      Effect.provide(layerOf(file, { transport: "openssh", ...options.ssh }))
    )
  })

/** What it is to reach a host, or why it cannot be. */
const outcome = (file: string, ssh: Ssh.Options = {}) =>
  connect("host1").pipe(
    Effect.flatMap((connection) => run(connection, "hostname")),
    Effect.match({ onFailure: (error) => error, onSuccess: ({ stdout }) => stdout.trim() }),
    Effect.scoped,
    Effect.provide(layerOf(file, ssh))
  )

const key = (folder: string, name: string, ...words: ReadonlyArray<string>) =>
  Effect.as(
    command("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", `${folder}/${name}`, ...words]),
    `${folder}/${name}`
  )

describe.skipIf(!Fleet.available)("OpenSSH's client and sshd", () => {
  layer(Fleet.layer(), { excludeTestServices: true })("with OpenSSH's defaults", (it) => {
    it.effect("one TCP connection a host, and who answers; nothing is left when it closes", () =>
      Effect.gen(function*() {
        const fleet = yield* Fleet.Fleet
        const seen = yield* Effect.gen(function*() {
          const connection = yield* connect("host2")
          assert.strictEqual((yield* run(connection, "hostname")).stdout, "host2\n")
          assert.strictEqual(yield* fleet.connections(2), 1)
          return yield* connection.identity
        }).pipe(Effect.scoped, Effect.provide(layerOf(fleet.configFile, { transport: "openssh" })))
        const other = yield* Effect.flatMap(connect("host2"), (connection) => connection.identity).pipe(
          Effect.scoped,
          Effect.provide(layerOf(fleet.configFile))
        )
        // Only ssh2 tells which key was taken.
        assert.deepStrictEqual(Struct.omit(seen, "login"), Struct.omit(other, "login"))
        yield* eventually(Effect.gen(function*() {
          assert.deepStrictEqual(yield* fleet.processes(2), [])
          assert.strictEqual(yield* fleet.connections(2), 0)
        }))
      }))

    it.effect("a program that is killed with the shell around it has been killed", () =>
      on("host1", (connection) =>
        Effect.gen(function*() {
          // As when all of a session is killed: what is known is that nothing else would do that.
          const { status } = yield* run(connection, "kill -KILL $PPID $$")
          assert.deepStrictEqual(status, { code: 137, signal: "KILL" })
        })))
    it.effect("a listener that is interrupted while it is being bound leaves no port", () =>
      on("host1", (connection, fleet) =>
        Effect.gen(function*() {
          yield* Effect.forEach(
            Array.from({ length: 30 }, (_, index) => index),
            (index) => Effect.scoped(connection.listen({ port: 0 })).pipe(Effect.timeoutOption(index)),
            { discard: true }
          )
          yield* eventually(Effect.gen(function*() {
            assert.deepStrictEqual(yield* fleet.listening(1), [])
          }))
        })))

    it.effect(
      "a cable that is cut is a lost link within the keepalive, and its client ends",
      () =>
        on("host3", (connection, fleet) =>
          Effect.gen(function*() {
            const process = yield* connection.exec({ program: program("exec sleep 600"), words: [] })
            yield* fleet.cut(3)
            const error = yield* Effect.flip(connection.lost)
            assert.strictEqual(error.reason, "LinkLost")
            assert.include(error.detail, "not responding")
            assert.strictEqual((yield* Effect.flip(process.exit)).reason, "LinkLost")
            yield* fleet.join(3)
            // sshd sees no cut: its processes stay until it looks.
            yield* fleet.kill(3)
            yield* fleet.boot(3)
          }), { ssh: { keepalive: "1 second" } }),
      60_000
    )

    it.effect("says why a host cannot be reached", () =>
      Effect.gen(function*() {
        const fleet = yield* Fleet.Fleet
        const known = `${fleet.home}/.ssh/other_known_hosts`
        const stranger = yield* key(`${fleet.home}/.ssh`, "stranger")
        const reasons = yield* Effect.forEach([
          ["refused", "  Port 1"],
          ["name", "  HostName no-such-host.invalid", "  ProxyCommand none"],
          ["key", `  UserKnownHostsFile /dev/null`],
          ["changed", `  UserKnownHostsFile ${known}`],
          ["changed-no", `  UserKnownHostsFile ${known}`, "  StrictHostKeyChecking no"],
          ["authentication", `  IdentityFile ${stranger}`, "  IdentityAgent none"],
          ["option", "  NoSuchOption yes"]
        ], ([name = "", ...lines]) =>
          Effect.gen(function*() {
            writeFileSync(known, `10.77.0.1 ${readFileSync(`${stranger}.pub`, "utf8")}`)
            const own = readFileSync(fleet.configFile, "utf8").split("\n")
            const kept = name === "authentication" ? own.filter((line) => !line.includes("IdentityFile")) : own
            const file = `${fleet.home}/.ssh/${name}`
            writeFileSync(file, ["Host host1", ...lines, ...kept].join("\n"))
            const error = yield* outcome(file, { transport: "openssh" })
            return typeof error === "string" ? error : error.reason
          }))
        assert.deepStrictEqual(reasons, [
          "Unreachable",
          "NameUnknown",
          "HostKeyUnknown",
          "HostKeyChanged",
          "HostKeyChanged",
          "Authentication",
          "Syntax"
        ])
        const missing = yield* outcome(fleet.configFile, { transport: "openssh", openSshProgram: "no-such-ssh" })
        assert.strictEqual(typeof missing === "string" ? missing : missing.reason, "Spawn")
        assert.deepStrictEqual(yield* fleet.processes(1), [])
      }).pipe(Effect.provide(NodeContext.layer)), 60_000)

    it.effect(
      "a whole Dask cluster over it; a manager that is killed leaves no client, no directory, and nothing on hosts",
      () =>
        Effect.gen(function*() {
          const fleet = yield* Fleet.Fleet
          const victim = yield* Victim.start(fleet, 4, "openssh")
          yield* victim.says("phase idle")
          assert.include(yield* victim.says("result "), "-285")
          const clients = (yield* victim.leftHere).filter((entry) => / ssh .*-S /.test(entry))
          assert.isAtLeast(clients.length, 3, "it does not use OpenSSH's client")
          yield* victim.kill("SIGKILL")
          yield* victim.ended
          yield* Victim.nothingLeft(fleet, victim, 60)
        }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)),
      240_000
    )
  })

  layer(Fleet.layer({ hosts: 1, maxSessions: 2 }), { excludeTestServices: true })("with MaxSessions 2", (it) => {
    it.effect("sessions that last open further connections, and none of the client's own", () =>
      on("host1", (connection, fleet) =>
        Effect.gen(function*() {
          const before = yield* fleet.accepted(1)
          const sessions = yield* Effect.forEach(
            ["a", "b", "c", "d", "e"],
            (text) => connection.exec({ program: program(`read go; echo "$1 $go"`), words: [text] }, { lasting: true }),
            { concurrency: 5 }
          )
          assert.strictEqual((yield* run(connection, "echo short")).stdout, "short\n")
          const transports = yield* connection.transports
          assert.isAtLeast(transports, 3)
          assert.strictEqual((yield* fleet.accepted(1)) - before, transports - 1)
          const statuses = yield* Effect.forEach(sessions, (session) =>
            Effect.zipRight(session.write("on\n"), session.exit))
          assert.deepStrictEqual(statuses, sessions.map(() => ({ code: 0 })))
        })))
  })

  layer(Fleet.layer({ hosts: 1, sshd: ["TrustedUserCAKeys /tmp/ca.pub", "HostCertificate /etc/ssh/host-cert.pub"] }), {
    excludeTestServices: true
  })("that knows an authority, and is known by one", (it) => {
    it.effect(
      "is reached with a certificate alone, chosen by the config; ssh2 says what to use instead",
      () =>
        Effect.gen(function*() {
          const fleet = yield* Fleet.Fleet
          const folder = `${fleet.home}/.ssh`
          const authority = yield* key(folder, "authority")
          cpSync(`${authority}.pub`, `${fleet.disk(1)}/tmp/ca.pub`)
          // No key of ours is known there.
          writeFileSync(`${fleet.disk(1)}/home/.ssh/authorized_keys`, "")
          const own = `${folder}/id_ed25519`
          const before = yield* outcome(fleet.configFile)
          assert.strictEqual(typeof before === "string" ? before : before.reason, "Authentication")
          yield* command("ssh-keygen", [
            "-q",
            "-s",
            authority,
            "-I",
            "manager",
            "-n",
            "root",
            "-V",
            "+1h",
            `${own}.pub`
          ])
          assert.isTrue(existsSync(`${own}-cert.pub`))
          assert.strictEqual(yield* outcome(fleet.configFile), "host1")
          assert.strictEqual(yield* outcome(fleet.configFile, { transport: "openssh" }), "host1")
          const refused = yield* outcome(fleet.configFile, { transport: "ssh2" })
          assert.strictEqual(typeof refused === "string" ? refused : refused.reason, "Unsupported")
          assert.include(String(refused), "layerOpenSsh")
          // One for another user is no way in.
          yield* command("ssh-keygen", ["-q", "-s", authority, "-I", "manager", "-n", "ada", "-V", "+1h", `${own}.pub`])
          const other = yield* outcome(fleet.configFile)
          assert.strictEqual(typeof other === "string" ? other : other.reason, "Authentication")
          rmSync(`${own}-cert.pub`)
          appendFileSync(`${fleet.disk(1)}/home/.ssh/authorized_keys`, readFileSync(`${own}.pub`))
        }).pipe(Effect.provide(NodeContext.layer)),
      60_000
    )

    it.effect(
      "proves itself with a host certificate, where known_hosts holds its authority only",
      () =>
        Effect.gen(function*() {
          const fleet = yield* Fleet.Fleet
          const folder = `${fleet.home}/.ssh`
          const authority = yield* key(folder, "host-authority")
          const etc = `${dirname(fleet.home)}/host1/etc/ssh`
          const made = yield* Effect.acquireRelease(
            Effect.sync(() => {
              mkdirSync(`${folder}/sign`)
              cpSync(`${etc}/ssh_host_ed25519_key.pub`, `${folder}/sign/host.pub`)
              return `${folder}/sign/host`
            }),
            () => Effect.sync(() => rmSync(`${folder}/sign`, { recursive: true }))
          )
          yield* command("ssh-keygen", ["-q", "-s", authority, "-h", "-I", "host1", "-n", "10.77.0.1", `${made}.pub`])
          cpSync(`${made}-cert.pub`, `${etc}/host-cert.pub`)
          yield* fleet.kill(1)
          yield* fleet.boot(1)
          const known = `${folder}/authorities`
          writeFileSync(known, `@cert-authority 10.77.0.* ${readFileSync(`${authority}.pub`, "utf8")}`)
          const file = configOf(fleet, "authority-config", "Host host1", `  UserKnownHostsFile ${known}`)
          assert.strictEqual(yield* outcome(file), "host1")
          const refused = yield* outcome(file, { transport: "ssh2" })
          assert.strictEqual(typeof refused === "string" ? refused : refused.reason, "Unsupported")
          // Another authority does not vouch for it.
          const stranger = yield* key(folder, "other-authority")
          writeFileSync(known, `@cert-authority 10.77.0.* ${readFileSync(`${stranger}.pub`, "utf8")}`)
          const unknown = yield* outcome(file)
          assert.strictEqual(typeof unknown === "string" ? unknown : unknown.reason, "HostKeyUnknown")
        }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)),
      60_000
    )
  })
})
