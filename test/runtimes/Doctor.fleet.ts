/** A doctor on real sshds: what they forbid, jump hosts, hosts that are not there. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, describe, layer } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { appendFileSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"
import * as Lazycluster from "../../src/Lazycluster.ts"
import * as Doctor from "../../src/runtimes/Doctor.ts"
import type { Check } from "../../src/runtimes/DoctorFinding.ts"
import * as Fleet from "../fleet/Fleet.ts"
import { command } from "../internal/ssh2Lab.ts"

/** The second host forbids what it can, and its clock is a host's own no more than its disk: both are the machine's. */
const fleet = Layer.tap(Fleet.layer({ hosts: 3 }), (context) =>
  Effect.gen(function*() {
    const fleet = Context.get(context, Fleet.Fleet)
    appendFileSync(
      `${dirname(fleet.home)}/host2/etc/ssh/sshd_config`,
      "\nMatch all\nAllowTcpForwarding no\nAllowStreamLocalForwarding no\nMaxSessions 1\n"
    )
    yield* fleet.kill(2)
    yield* fleet.boot(2)
    yield* fleet.isolate(false)
  }))

const traces = (fleet: Fleet.FleetService, host: number) =>
  ["home", "tmp", "var-tmp"].flatMap((disk) => readdirSync(`${fleet.disk(host)}/${disk}`))
    .filter((name) => name.includes("lazycluster"))

describe.skipIf(!Fleet.available)("Doctor on a fleet", () => {
  layer(fleet, { timeout: "5 minutes", excludeTestServices: true })((it) => {
    it.effect("tells what each sshd forbids, and at which hop a host is lost; nothing stays", () =>
      Effect.gen(function*() {
        const fleet = yield* Fleet.Fleet
        const known = `${fleet.home}/.ssh/known_hosts`
        const proxy = /ProxyCommand .*/.exec(readFileSync(fleet.configFile, "utf8"))?.[0] ?? ""
        const stranger = `${fleet.home}/.ssh/stranger`
        yield* command("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "stranger", "-f", stranger])
        const all = [
          "  User root",
          "  IdentitiesOnly yes",
          "  StrictHostKeyChecking yes"
        ]
        const keyed = [...all, `  IdentityFile ${fleet.home}/.ssh/id_ed25519`, `  UserKnownHostsFile ${known}`]
        const file = `${fleet.home}/.ssh/doctor`
        const lines = [
          "Host inner",
          "  HostName 10.77.0.3",
          "  ProxyJump host1",
          ...keyed,
          "Host behind",
          "  HostName 10.77.0.3",
          "  ProxyJump locked",
          ...keyed,
          "Host locked",
          "  HostName 10.77.0.1",
          `  ${proxy}`,
          ...all,
          `  IdentityFile ${stranger}`,
          `  UserKnownHostsFile ${known}`,
          "Host away",
          "  HostName 10.77.0.9",
          `  ${proxy}`,
          "  ConnectTimeout 2",
          ...keyed,
          "Host unknown",
          "  HostName 10.77.0.1",
          `  ${proxy}`,
          ...all,
          `  IdentityFile ${fleet.home}/.ssh/id_ed25519`,
          "  UserKnownHostsFile /dev/null",
          "Host *",
          `  Include ${fleet.configFile}`
        ]
        writeFileSync(file, `${lines.join("\n")}\n`, { mode: 0o600 })
        const names = ["host1", "host2", "host3", "inner", "behind", "locked", "away", "unknown"]
        const { findings, reachability } = yield* Doctor.examine(names).pipe(
          Effect.provide(Lazycluster.layerOf({ sshConfig: { file } }))
        )
        const of = (host: string, check: Check) => findings.find((each) => each.host === host && each.check === check)
        const problems = (host: string) =>
          Doctor.problems(findings).filter((each) => each.host === host).map(({ check, hop }) =>
            hop === undefined ? check : `${check} of ${hop}`
          )
        assert.deepStrictEqual(Object.fromEntries(names.map((name) => [name, problems(name)])), {
          host1: [],
          host2: ["forward-to", "forward-from"],
          host3: [],
          inner: [],
          behind: ["login of locked"],
          locked: ["login"],
          away: ["port"],
          unknown: ["host-key"]
        })
        assert.match(of("host1", "port")?.detail ?? "", /^OpenSSH_\S+/)
        assert.include(of("host1", "sockets"), { verdict: "ok" })
        assert.include(of("host2", "sockets"), { verdict: "warning" })
        assert.match(of("host1", "sessions")?.detail ?? "", /^10 at a time/)
        assert.match(of("host2", "sessions")?.detail ?? "", /^1 at a time/)
        assert.include(of("host2", "runtime"), { verdict: "ok" })
        assert.include(of("inner", "jump"), { hop: "host1", verdict: "ok" })
        assert.include(of("host1", "clock"), { verdict: "ok" })
        assert.include(of("locked", "login")?.mend, "ssh-copy-id -i")
        assert.include(of("unknown", "host-key")?.mend, "lazycluster doctor unknown --accept-new")
        assert.isTrue(
          reachability?.hosts.find(({ host }) => host === "host3")?.addresses.some(({ address, from }) =>
            address === "10.77.0.3" && from.includes("host1")
          )
        )
        assert.deepStrictEqual([1, 2, 3].flatMap((host) => traces(fleet, host)), [])
      }).pipe(Effect.provide(NodeContext.layer)))
  })
})
