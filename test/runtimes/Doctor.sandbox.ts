import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import * as Lazycluster from "../../src/Lazycluster.ts"
import * as Doctor from "../../src/runtimes/Doctor.ts"
import type { Check, DoctorFinding } from "../../src/runtimes/DoctorFinding.ts"
import { manager } from "../../src/services/Host.ts"
import * as Sandbox from "../../src/testing/Sandbox.ts"
import { ownTmp } from "../ownTmp.ts"

const finding = (findings: ReadonlyArray<DoctorFinding>, host: string, check: Check) =>
  findings.find((each) => each.host === host && each.check === check)

const bad = (findings: ReadonlyArray<DoctorFinding>, host: string) =>
  findings.filter((each) => each.host === host && each.verdict === "problem").map(({ check }) => check)

const examine = (file: string) => Effect.provide(Doctor.examine(), Lazycluster.layerOf({ sshConfig: { file } }))

const traces = (directory: string) => fs.readdirSync(directory).filter((name) => name.includes("lazycluster-doctor"))

describe("Doctor on real servers", () => {
  it.scopedLive("finds well what is well, over one connection, and leaves nothing", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.make({ hosts: 2 })
      const tmp = yield* ownTmp
      const { findings, reachability } = yield* examine(sandbox.configFile)
      assert.deepStrictEqual(bad(findings, "host-1"), [])
      assert.include(finding(findings, "host-1", "login")?.detail, `with ${sandbox.identityFile}`)
      assert.include(finding(findings, "host-1", "sockets"), { verdict: "ok" })
      assert.include(finding(findings, "host-1", "clock"), { verdict: "ok" })
      assert.include(finding(findings, "host-2", "runtime"), { verdict: "ok" })
      assert.include(finding(findings, manager.alias, "keys"), { verdict: "ok" })
      assert.include(finding(findings, manager.alias, "config"), { verdict: "ok" })
      assert.isTrue(
        reachability?.hosts.find(({ host }) => host === "host-1")?.addresses.some(({ from }) => from.includes("host-2"))
      )
      for (const { connections, home } of sandbox.hosts) {
        assert.strictEqual(yield* connections, 1)
        assert.deepStrictEqual([...traces(home), ...traces(path.join(home, "tmp")), ...traces(tmp)], [])
      }
    }))

  it.scopedLive("finds what a server forbids, what its host lacks, and what is wrong here", () =>
    Effect.gen(function*() {
      const programs = yield* Effect.acquireRelease(
        Effect.sync(() => fs.mkdtempSync(path.join(os.tmpdir(), "lc-programs-"))),
        (directory) => Effect.sync(() => fs.rmSync(directory, { recursive: true, force: true }))
      )
      const program = (name: string, text: string) =>
        fs.writeFileSync(path.join(programs, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 })
      program("nvidia-smi", "echo NVIDIA-SMI has failed; exit 9")
      program("python3", "echo no Python; exit 1")
      const sandbox = yield* Sandbox.make({
        hosts: 3,
        maxSessions: 3,
        allowTcpForwarding: "local",
        allowStreamLocalForwarding: false,
        env: { PATH: `${programs}:${process.env["PATH"] ?? ""}` }
      })
      const [, changed, gone] = sandbox.hosts
      yield* changed?.changeHostKey ?? Effect.dieMessage("no host")
      yield* gone?.refuse ?? Effect.dieMessage("no host")
      fs.chmodSync(sandbox.identityFile, 0o644)
      const { findings } = yield* examine(sandbox.configFile)
      assert.include(finding(findings, "host-1", "forward-to"), { verdict: "ok" })
      assert.include(finding(findings, "host-1", "forward-from"), { verdict: "problem" })
      assert.include(finding(findings, "host-1", "sockets"), { verdict: "warning" })
      assert.match(finding(findings, "host-1", "sessions")?.detail ?? "", /^3 at a time/)
      assert.include(finding(findings, "host-1", "gpu"), { detail: "nvidia-smi fails: NVIDIA-SMI has failed" })
      assert.include(finding(findings, "host-1", "python"), { detail: "python3 fails: no Python" })
      assert.include(finding(findings, "host-1", "runtime"), { verdict: "ok" })
      assert.deepStrictEqual(bad(findings, "host-2"), ["host-key"])
      assert.include(finding(findings, "host-2", "host-key")?.mend, "ssh-keygen -f")
      assert.deepStrictEqual(bad(findings, "host-3"), ["port"])
      assert.include(finding(findings, manager.alias, "keys"), { mend: `chmod 600 ${sandbox.identityFile}` })
      fs.appendFileSync(sandbox.configFile, "\nHost *\n  Prot 22\n")
      const broken = (yield* examine(sandbox.configFile)).findings
      assert.deepStrictEqual(bad(broken, "host-1"), ["config"])
      for (const host of [manager.alias, "host-1"]) {
        assert.match(finding(broken, host, "config")?.detail ?? "", /\d+/)
        assert.match(finding(broken, host, "config")?.detail ?? "", /prot/i)
      }
    }))
})
