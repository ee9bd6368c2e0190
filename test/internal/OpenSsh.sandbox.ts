import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { readdirSync } from "node:fs"
import * as Host from "../../src/services/Host.ts"
import * as Ssh from "../../src/services/Ssh.ts"
import * as Sandbox from "../../src/testing/Sandbox.ts"
import { ownTmp } from "../ownTmp.ts"
import { eventually } from "../patience.ts"
import { configOf, connect, hostOf, layerOf, run } from "./ssh2Lab.ts"

describe("OpenSSH's client", () => {
  it.scopedLive("goes through a jump host as the config says, in one connection to each", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.make({ hosts: 2 })
      const file = configOf(sandbox, "jump", "Host host-2", "  ProxyJump host-1")
      const answer = yield* Effect.flatMap(connect("host-2"), (connection) => run(connection, "echo $HOME")).pipe(
        Effect.scoped,
        Effect.provide(layerOf(file, { transport: "openssh" }))
      )
      assert.strictEqual(answer.stdout, `${hostOf(sandbox, "host-2").home}\n`)
      assert.strictEqual(yield* hostOf(sandbox, "host-1").connections, 1)
      assert.strictEqual(yield* hostOf(sandbox, "host-2").connections, 1)
    }), 60_000)

  it.scopedLive("loses a host that no longer answers, as the config says", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.make({ hosts: 1 })
      const file = configOf(sandbox, "alive", "Host *", "  ServerAliveInterval 1", "  ServerAliveCountMax 1")
      yield* Effect.gen(function*() {
        const connection = yield* connect("host-1")
        yield* hostOf(sandbox, "host-1").stall
        const error = yield* Effect.flip(connection.lost)
        assert.strictEqual(error.reason, "LinkLost")
        assert.include(error.message, "not responding")
      }).pipe(Effect.scoped, Effect.provide(layerOf(file, { transport: "openssh", keepalive: "1 hour" })))
    }), 60_000)

  it.scopedLive(
    "has a deadline, and one that is given up leaves no client and no directory",
    () =>
      Effect.gen(function*() {
        const sandbox = yield* Sandbox.make({ hosts: 1 })
        const tmp = yield* ownTmp
        yield* hostOf(sandbox, "host-1").stall
        const late = yield* connect("host-1").pipe(
          Effect.scoped,
          Effect.flip,
          Effect.provide(layerOf(sandbox.configFile, { transport: "openssh", connectTimeout: "1 second" }))
        )
        assert.strictEqual(late.reason, "Timeout")
        yield* connect("host-1").pipe(
          Effect.timeoutOption("300 millis"),
          Effect.scoped,
          Effect.provide(layerOf(sandbox.configFile, { transport: "openssh" }))
        )
        yield* eventually(Effect.sync(() => assert.isEmpty(readdirSync(tmp))))
      }),
    60_000
  )

  it.scopedLive("takes no secret where our own reading cannot tell who asks for it", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.make({ hosts: 1 })
      const file = configOf(
        sandbox,
        "unread",
        "Host host-1",
        "  CanonicalizeHostname always",
        "  CanonicalDomains a.invalid"
      )
      const host = Host.make({ alias: "host-1", password: Redacted.make("tiger") })
      const error = yield* Effect.flatMap(Ssh.Ssh, (ssh) => ssh.connect(host)).pipe(
        Effect.scoped,
        Effect.flip,
        Effect.provide(layerOf(file, { transport: "openssh" }))
      )
      assert.strictEqual(error.reason, "Unsupported")
      assert.notInclude(error.message, "tiger")
      assert.strictEqual(yield* hostOf(sandbox, "host-1").connections, 0)
    }))

  it.scopedLive("goes where the host itself says, whatever the config has", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.make({ hosts: 1 })
      const { port } = hostOf(sandbox, "host-1")
      const file = configOf(
        sandbox,
        "elsewhere",
        "Host elsewhere",
        "  HostName 192.0.2.1",
        "  Port 1",
        `  IdentityFile ${sandbox.identityFile}`,
        `  UserKnownHostsFile ${sandbox.knownHostsFile}`
      )
      const host = Host.make({ alias: "elsewhere", hostName: "127.0.0.1", port })
      const { stdout } = yield* Effect.flatMap(Ssh.Ssh, (ssh) => ssh.connect(host)).pipe(
        Effect.flatMap((connection) => run(connection, "echo here")),
        Effect.scoped,
        Effect.provide(layerOf(file, { transport: "openssh" }))
      )
      assert.strictEqual(stdout, "here\n")
    }))
})
