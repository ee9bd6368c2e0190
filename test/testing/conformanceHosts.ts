/** Real hosts to run the suite on, each with the means that its cases ask for. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { readFileSync, writeFileSync } from "node:fs"
import * as Host from "../../src/services/Host.ts"
import type * as Ssh from "../../src/services/Ssh.ts"
import * as Sandbox from "../../src/testing/Sandbox.ts"
import type { Target } from "../../src/testing/SshConformance.ts"
import { hostOf, layerOf } from "../internal/ssh2Lab.ts"
import { onSandbox, overOpenSsh, overSsh2 } from "./conformanceTargets.ts"

export class Held extends Context.Tag("lazycluster/test/Held")<Held, Target>() {}

export const lacksOf = { ssh2: overSsh2, openssh: overOpenSsh }

const host = (alias: string) => Host.make({ alias })

/** Hosts that cannot be reached, as lines of an ssh config. `there` leads to a host that can, with no key and no known key. */
export const unreachable = (parts: {
  readonly there: ReadonlyArray<string>
  readonly key: string
  readonly knownHosts: string
  readonly stranger: string
  readonly otherKey: string
}) => {
  const login = [`  IdentityFile ${parts.key}`, "  IdentitiesOnly yes"]
  const block = (name: string, ...lines: ReadonlyArray<string>) => [`Host ${name}`, ...lines]
  return [
    block("unnamed", "  HostName no-such-host.invalid", "  ProxyCommand none"),
    block("refusing", "  HostName 127.0.0.1", "  Port 1", "  ProxyCommand none"),
    block("unknown", ...parts.there, ...login, "  UserKnownHostsFile /dev/null"),
    block("changed", ...parts.there, ...login, `  UserKnownHostsFile ${parts.otherKey}`),
    block(
      "stranger",
      ...parts.there,
      `  UserKnownHostsFile ${parts.knownHosts}`,
      `  IdentityFile ${parts.stranger}`,
      "  IdentitiesOnly yes",
      "  IdentityAgent none"
    ),
    block("silent", "  ConnectTimeout 1")
  ].flat()
}

export const means = {
  unnamed: host("unnamed"),
  refusing: host("refusing"),
  silent: host("silent"),
  unknownKey: host("unknown"),
  changedKey: host("changed"),
  stranger: host("stranger"),
  forbidding: host("forbidding"),
  idleTimeToLive: "1 second"
} as const

/** Connections to a port of this machine, as its kernel counts them. */
const open = (port: number) =>
  Effect.sync(() => {
    const local = `:${port.toString(16).toUpperCase().padStart(4, "0")}`
    const established = "01"
    return readFileSync("/proc/net/tcp", "utf8").split("\n").map((line) => line.trim().split(/\s+/)).filter((fields) =>
      fields[1]?.endsWith(local) === true && fields[3] === established
    ).length
  })

export const sandbox = (transport: "ssh2" | "openssh"): Layer.Layer<Held | Ssh.Ssh, unknown> =>
  Layer.unwrapScoped(Effect.gen(function*() {
    const hosts = yield* Sandbox.make({ hosts: ["host-1", "silent"] })
    const other = yield* Sandbox.make({ hosts: ["forbidding"], allowTcpForwarding: false })
    const one = hostOf(hosts, "host-1")
    yield* hostOf(hosts, "silent").stall
    const otherKey = `${hosts.home}/other_known_hosts`
    const knownHosts = `${hosts.home}/known`
    writeFileSync(otherKey, `[127.0.0.1]:${one.port} ${hostOf(other, "forbidding").hostKey}\n`)
    writeFileSync(knownHosts, `[127.0.0.1]:${one.port} ${one.hostKey}\n`)
    const file = `${hosts.home}/.ssh/conformance`
    writeFileSync(
      file,
      [
        ...unreachable({
          there: ["  HostName 127.0.0.1", `  Port ${one.port}`],
          key: hosts.identityFile,
          knownHosts,
          stranger: other.identityFile,
          otherKey
        }),
        "Host *",
        `  Include ${hosts.configFile}`,
        `  Include ${other.configFile}`
      ].join("\n"),
      { mode: 0o600 }
    )
    const target: Target = {
      name: `Sandbox over ${transport}`,
      host: host("host-1"),
      means: {
        ...means,
        maxSessions: 10,
        cut: one.cut,
        connections: Effect.all({ accepted: one.connections, open: open(one.port) })
      },
      lacks: { ...onSandbox, ...lacksOf[transport] },
      deadline: "2 minutes"
    }
    return Layer.merge(
      Layer.succeed(Held, target),
      layerOf(file, { transport, idleTimeToLive: means.idleTimeToLive })
    )
  }))
