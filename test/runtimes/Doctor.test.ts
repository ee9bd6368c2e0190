import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import * as Doctor from "../../src/runtimes/Doctor.ts"
import type { Check, DoctorFinding } from "../../src/runtimes/DoctorFinding.ts"
import * as Host from "../../src/services/Host.ts"
import { reply } from "../../src/testing/InMemoryHost.ts"
import { InMemorySsh, nothingLeft } from "../../src/testing/InMemorySsh.ts"
import { world } from "./doctorWorld.ts"

const finding = (findings: ReadonlyArray<DoctorFinding>, host: string, check: Check) =>
  findings.find((each) => each.host === host && each.check === check)

const verdicts = (findings: ReadonlyArray<DoctorFinding>, host: string) =>
  Object.fromEntries(
    findings.filter((each) => each.host === host && each.verdict !== "ok").map(({ check, verdict }) => [check, verdict])
  )

const examine = (hosts?: ReadonlyArray<string>) => Effect.map(Doctor.examine(hosts), ({ findings }) => findings)

const patiently = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.fork(effect)
    yield* TestClock.adjust("3 minutes")
    return yield* Fiber.join(fiber)
  })

describe("Doctor", () => {
  it.effect("finds nothing wrong with hosts that are well, over one connection each, and leaves nothing", () =>
    Effect.gen(function*() {
      const { findings, reachability } = yield* Doctor.examine()
      assert.deepStrictEqual(Doctor.problems(findings), [])
      assert.deepStrictEqual(
        findings.filter(({ host }) => host === "a").map(({ check, verdict }) => `${check} ${verdict}`),
        [
          "config ok",
          "name ok",
          "port ok",
          "host-key ok",
          "login ok",
          "sessions ok",
          "forward-to ok",
          "forward-from ok",
          "sockets ok",
          "files ok",
          "start-up ok",
          "shell ok",
          "home ok",
          "cache ok",
          "tmp ok",
          "clock ok",
          "logind skipped",
          "limits ok",
          "python ok",
          "gpu ok",
          "runtime ok",
          "reach ok"
        ]
      )
      assert.deepStrictEqual(verdicts(findings, Host.manager.alias), { agent: "skipped", keys: "skipped" })
      assert.deepStrictEqual(reachability?.hosts.map(({ host }) => host), [Host.manager.alias, "a", "b"])
      const hosts = yield* InMemorySsh
      assert.deepStrictEqual((yield* hosts.connections("a")).accepted, 1)
      yield* nothingLeft
      const encoded = yield* Schema.encode(Doctor.Diagnosis)({ findings, reachability })
      assert.deepStrictEqual(
        yield* Schema.decode(Doctor.Diagnosis)(encoded),
        Doctor.Diagnosis.make({ findings, reachability })
      )
    }).pipe(Effect.provide(world(["a", "b"]))))

  it.effect("says at which step of the way a host is lost", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      yield* hosts.refuse("refused")
      yield* hosts.changeHostKey("changed")
      yield* hosts.failAuthentication("locked")
      yield* hosts.unreachable("away")
      const findings = yield* patiently(examine([
        "refused",
        "changed",
        "locked",
        "away",
        "nowhere",
        "broken",
        "-x",
        "well"
      ]))
      const later = { "host-key": "skipped", login: "skipped" } as const
      assert.deepStrictEqual(verdicts(findings, "refused"), { port: "problem", ...later })
      assert.deepStrictEqual(verdicts(findings, "away"), { port: "problem", ...later })
      assert.deepStrictEqual(verdicts(findings, "nowhere"), { name: "problem", port: "skipped", ...later })
      assert.deepStrictEqual(verdicts(findings, "changed"), { "host-key": "problem", login: "skipped" })
      assert.deepStrictEqual(verdicts(findings, "locked"), { login: "problem" })
      assert.deepStrictEqual(verdicts(findings, "broken"), { config: "problem" })
      assert.include(finding(findings, "broken", "config")?.detail, "config:3")
      assert.deepStrictEqual(verdicts(findings, "-x"), { config: "problem" })
      assert.deepStrictEqual(verdicts(findings, "well"), { logind: "skipped" })
      for (const { detail, mend } of Doctor.problems(findings)) {
        assert.notStrictEqual(mend, undefined, detail)
      }
    }).pipe(Effect.provide(world(["refused", "changed", "locked", "away", "well"]))))

  it.effect("names the jump host that is not passed", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const well = yield* examine(["inner"])
      assert.deepStrictEqual(finding(well, "inner", "jump")?.verdict, "ok")
      assert.include(finding(well, "inner", "config")?.detail, "through jump")
      yield* hosts.failAuthentication("jump")
      const findings = yield* examine(["jump", "inner"])
      assert.deepStrictEqual(finding(findings, "jump", "login")?.verdict, "problem")
    }).pipe(
      Effect.provide(
        world(["jump", "inner"], (alias) => alias === "inner" ? { proxyJump: [Host.make({ alias: "jump" })] } : {})
      )
    ))

  it.effect("tries forwards in both directions", () =>
    Effect.gen(function*() {
      const findings = yield* examine()
      const both = (host: string) =>
        (["forward-to", "forward-from"] as const).map((check) => finding(findings, host, check)?.verdict)
      assert.deepStrictEqual(both("none"), ["problem", "problem"])
      assert.deepStrictEqual(both("to"), ["ok", "problem"])
      assert.deepStrictEqual(both("from"), ["problem", "ok"])
      assert.include(finding(findings, "none", "forward-to")?.mend, "AllowTcpForwarding yes")
    }).pipe(Effect.provide(world([
      { alias: "none", allowForwarding: false },
      { alias: "to", allowForwarding: "local" },
      { alias: "from", allowForwarding: "remote" }
    ]))))

  it.effect("finds out how many sessions a connection carries", () =>
    Effect.gen(function*() {
      const findings = yield* patiently(examine())
      const of = (host: string) => finding(findings, host, "sessions")
      assert.include(of("one"), { verdict: "warning" })
      assert.match(of("one")?.detail ?? "", /^1 at a time/)
      assert.match(of("four")?.detail ?? "", /^4 at a time/)
      assert.include(of("ten"), { verdict: "ok" })
      assert.include(of("none"), { verdict: "problem" })
      assert.include(finding(findings, "one", "runtime"), { verdict: "ok" })
    }).pipe(Effect.provide(world([
      { alias: "one", maxSessions: 1 },
      { alias: "four", maxSessions: 4 },
      { alias: "ten", maxSessions: 10 },
      { alias: "none", maxSessions: 0 }
    ]))))

  it.effect("sees a full disk, no Python, a clock that is wrong, and a driver that fails", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      yield* hosts.fillDisk("full")
      const findings = yield* patiently(examine())
      assert.include(verdicts(findings, "full"), { home: "problem", cache: "problem", tmp: "problem" })
      assert.deepStrictEqual(verdicts(findings, "bare"), { logind: "skipped", python: "problem" })
      assert.include(finding(findings, "bare", "python")?.mend, "ssh -t bare sudo apt install python3 python3-venv")
      assert.include(verdicts(findings, "late"), {
        clock: "problem",
        gpu: "problem",
        python: "warning",
        logind: "warning",
        limits: "warning",
        "start-up": "warning"
      })
      assert.match(finding(findings, "late", "clock")?.detail ?? "", /^it is 10 minutes ahead/)
    }).pipe(Effect.provide(world([
      "full",
      { alias: "bare", facts: { python: "", pythonPath: "" }, commands: {} },
      {
        alias: "late",
        commands: {
          "lazycluster-doctor": reply(({ argv }) => ({
            stdout: argv[1] === "hold" ? "" : [
              "Welcome to late!",
              "lazycluster doctor",
              "clock 600",
              "user ada",
              "kills yes",
              "session yes",
              "files 512",
              "processes 5000",
              ...["home", "cache", "tmp"].flatMap((place) => [
                `path.${place} /${place}`,
                `free.${place} 90000000`,
                `write.${place} yes`,
                `run.${place} yes`
              ]),
              "nvidia fails NVIDIA-SMI has failed because it could not communicate with the NVIDIA driver.",
              "python 3.9.2",
              "pythonPath /usr/bin/python3",
              "venv yes",
              "ensurepip yes",
              "end -\n"
            ].join("\n")
          }))
        }
      }
    ]))))

  it.effect("does not wait for a host that hangs", () =>
    Effect.gen(function*() {
      const hanging = yield* Effect.fork(examine())
      yield* TestClock.adjust("61 seconds")
      const findings = yield* Fiber.join(hanging)
      assert.include(verdicts(findings, "hangs"), { deadline: "problem" })
      assert.deepStrictEqual(verdicts(findings, "well"), { logind: "skipped" })
    }).pipe(Effect.provide(world([
      "well",
      { alias: "hangs", commands: { "lazycluster-doctor": () => Effect.never } }
    ]))))

  it.effect("looks at the keys of this machine as OpenSSH does", () =>
    Effect.gen(function*() {
      const findings = yield* examine()
      const found = findings.filter(({ check, host }) => check === "keys" && host === Host.manager.alias)
      assert.deepStrictEqual(found.map(({ mend, verdict }) => `${verdict} ${mend}`), [
        "warning chmod 600 /home/user/.ssh/id_open",
        "warning make it: ssh-keygen -t ed25519 -f /home/user/.ssh/id_gone"
      ])
    }).pipe(Effect.provide(
      world(["a"], () => ({
        identityFiles: ["/home/user/.ssh/id_open", "/home/user/.ssh/id_gone"],
        identitiesConfigured: true
      }), { manager: { files: { "/home/user/.ssh/id_open": "" } } })
    )))

  it.effect("says how to add a host where the config names none", () =>
    Effect.gen(function*() {
      const findings = yield* examine()
      assert.include(findings.find(({ check, verdict }) => check === "config" && verdict === "warning"), {
        mend: "lazycluster add-runtime NAME user@host"
      })
    }).pipe(Effect.provide(world([]))))
})
