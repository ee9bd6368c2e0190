import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, describe, layer } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Struct from "effect/Struct"
import { appendFileSync, readFileSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"
import * as Host from "../../src/services/Host.ts"
import type { HostIdentity } from "../../src/services/HostIdentity.ts"
import { Ssh } from "../../src/services/Ssh.ts"
import * as SshConformance from "../../src/testing/SshConformance.ts"
import * as Fleet from "../fleet/Fleet.ts"
import { command, layerOf } from "../internal/ssh2Lab.ts"
import { Held, lacksOf, means, unreachable } from "./conformanceHosts.ts"

const host = (alias: string) => Host.make({ alias })

const identities = new Map<string, HostIdentity>()

/** The second host allows no forwards, and the third has no cable. */
const fleet = Layer.tap(Fleet.layer(), (context) =>
  Effect.gen(function*() {
    const fleet = Context.get(context, Fleet.Fleet)
    appendFileSync(
      `${dirname(fleet.home)}/host2/etc/ssh/sshd_config`,
      "\nMatch all\nAllowTcpForwarding no\nAllowStreamLocalForwarding no\n"
    )
    yield* fleet.kill(2)
    yield* fleet.boot(2)
    yield* fleet.cut(3)
  }))

const target = (transport: "ssh2" | "openssh") =>
  Layer.unwrapEffect(Effect.gen(function*() {
    const fleet = yield* Fleet.Fleet
    const folder = `${fleet.home}/.ssh`
    const stranger = `${folder}/conformance-${transport}`
    yield* command("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "stranger", "-f", stranger])
    const otherKey = `${stranger}-known`
    writeFileSync(otherKey, `10.77.0.1 ${readFileSync(`${stranger}.pub`, "utf8")}`)
    const file = `${folder}/conformance-${transport}.config`
    const own = readFileSync(fleet.configFile, "utf8")
    const proxy = /ProxyCommand .*/.exec(own)?.[0] ?? ""
    writeFileSync(
      file,
      [
        ...unreachable({
          there: ["  HostName 10.77.0.1", "  User root", `  ${proxy}`],
          key: `${folder}/id_ed25519`,
          knownHosts: `${folder}/known_hosts`,
          stranger,
          otherKey
        }),
        "  HostName 10.77.0.3",
        "Host forbidding",
        "  HostName 10.77.0.2",
        "Host forbidding silent",
        "  User root",
        `  IdentityFile ${folder}/id_ed25519`,
        `  UserKnownHostsFile ${folder}/known_hosts`,
        `  ${proxy}`,
        own
      ].join("\n"),
      { mode: 0o600 }
    )
    const held: SshConformance.Target = {
      name: `sshd over ${transport}`,
      host: host("host1"),
      means: {
        ...means,
        maxSessions: 10,
        // What a restart of sshd does not do, an administrator does: its processes of connections are ended.
        cut: Effect.orDie(fleet.exec(1, ["pkill", "-KILL", "-f", "^sshd: root@"])).pipe(Effect.asVoid),
        connections: Effect.orDie(Effect.all({ accepted: fleet.accepted(1), open: fleet.connections(1) }))
      },
      lacks: lacksOf[transport],
      deadline: "2 minutes"
    }
    return Layer.merge(
      Layer.succeed(Held, held),
      layerOf(file, { transport, idleTimeToLive: means.idleTimeToLive })
    )
  })).pipe(Layer.provide(NodeContext.layer))

describe.skipIf(!Fleet.available)("the suite on real sshd", () => {
  layer(fleet, { excludeTestServices: true, timeout: "2 minutes" })((it) => {
    for (const transport of ["ssh2", "openssh"] as const) {
      it.layer(target(transport), { timeout: "2 minutes" })(`over ${transport}`, (it) => {
        for (const each of SshConformance.casesOf({ name: "", host: Host.manager, lacks: lacksOf[transport] })) {
          it.effect(each.name, () => Effect.flatMap(Held, each.run))
        }
        it.effect("leaves nothing on its host, and knows who answers", () =>
          Effect.scoped(Effect.gen(function*() {
            const fleet = yield* Fleet.Fleet
            const left = yield* fleet.exec(1, ["sh", "-c", "ls -A /tmp ~ | grep conformance; :"])
            assert.strictEqual(left, "")
            const { identity } = yield* Effect.flatMap(Ssh, (ssh) => ssh.connect(host("host1")))
            // OpenSSH does not tell which key the server took.
            identities.set(transport, Struct.omit(yield* identity, "login"))
          })))
      })
    }
    it.effect("both find the same", () =>
      Effect.sync(() => {
        assert.strictEqual(identities.size, 2)
        assert.deepStrictEqual(identities.get("ssh2"), identities.get("openssh"))
      }))
  })
})
