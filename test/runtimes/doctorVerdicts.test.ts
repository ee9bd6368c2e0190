/** Each check of a machine both ways, from what its script says. */
import { assert, describe, it } from "@effect/vitest"
import type { DoctorFinding } from "../../src/runtimes/DoctorFinding.ts"
import * as doctorMachine from "../../src/runtimes/doctorMachine.ts"
import * as doctorPython from "../../src/runtimes/doctorPython.ts"
import * as doctorReport from "../../src/runtimes/doctorReport.ts"
import * as doctorWay from "../../src/runtimes/doctorWay.ts"
import * as Host from "../../src/services/Host.ts"
import { resolved } from "./doctorWorld.ts"

const well: Readonly<Record<string, string>> = {
  clock: "1000.25",
  user: "ada",
  family: "ubuntu debian",
  shell: "/usr/bin/dash",
  login: "/bin/zsh",
  files: "1048576",
  processes: "unlimited",
  kills: "no",
  session: "yes",
  ...Object.fromEntries(["home", "cache", "tmp"].flatMap((place) => [
    [`path.${place}`, `/${place}`],
    [`free.${place}`, "50000000"],
    [`inodes.${place}`, "50000"],
    [`write.${place}`, "yes"],
    [`run.${place}`, "yes"]
  ])),
  python: "3.11.2",
  pythonPath: "/usr/bin/python3",
  venv: "yes",
  ensurepip: "yes"
}

const report = (but: Readonly<Record<string, string | undefined>> = {}, before: ReadonlyArray<string> = []) => {
  const said = Object.entries({ ...well, ...but }).flatMap(([key, value]) =>
    value === undefined ? [] : [`${key} ${value}`]
  )
  const lines = [...before, "lazycluster doctor", ...said, "end -"].map((line) => [1_000_500, line] as const)
  return doctorReport.fromLines(1_000_000, lines) ?? assert.fail("no report")
}

const of = (findings: ReadonlyArray<DoctorFinding>, check: string) => {
  const found = findings.find((finding) => finding.check === check)
  return found === undefined ? "none" : `${found.verdict}: ${found.detail}`
}

const machine = (check: string, but: Readonly<Record<string, string | undefined>>, before?: ReadonlyArray<string>) =>
  of(doctorMachine.ofHost("gpu-1", report(but, before)), check)

const python = (but: Readonly<Record<string, string | undefined>>, manager = report()) =>
  doctorPython.verdict("gpu-1", report(but), manager)

describe("the verdict on a machine", () => {
  it("is good for one that is well", () => {
    const findings = doctorMachine.ofHost("gpu-1", report())
    assert.deepStrictEqual(findings.filter(({ verdict }) => verdict !== "ok"), [])
  })

  it("sees a clock that is off by more than the round trip", () => {
    assert.strictEqual(machine("clock", { clock: "1000.6" }), "ok: agrees with this machine's")
    assert.match(machine("clock", { clock: "1003.6" }), /^warning: it is 3\.1 s ahead of this machine/)
    assert.match(machine("clock", { clock: "990.000" }), /^warning: it is 10\.0 s behind this machine/)
    assert.match(machine("clock", { clock: "400.000" }), /^problem: it is 10 minutes behind/)
    // Whole seconds, as busybox has them.
    assert.strictEqual(machine("clock", { clock: "999.%N" }), "ok: agrees with this machine's")
    assert.match(machine("clock", { clock: "996.%N" }), /^warning: it is 3\.0 s behind/)
    assert.match(machine("clock", { clock: undefined }), /^skipped/)
  })

  it("sees places that are full, read-only or without programs", () => {
    for (const place of ["home", "cache", "tmp"]) {
      assert.strictEqual(machine(place, { [`free.${place}`]: "1024" }), `problem: /${place}, 1 MiB free`)
      assert.match(machine(place, { [`inodes.${place}`]: "3" }), /^problem: .* 3 more files/)
      assert.match(machine(place, { [`write.${place}`]: "no", [`run.${place}`]: undefined }), /^problem: .*be written/)
      assert.match(machine(place, { [`free.${place}`]: "524287" }), /^(warning|problem)/)
      assert.strictEqual(machine(place, { [`free.${place}`]: undefined }), `ok: /${place}`)
    }
    assert.strictEqual(machine("tmp", { "write.tmp": "missing" }), "problem: /tmp is not there")
    assert.match(machine("tmp", { "run.tmp": "no" }), /^warning: \/tmp is mounted noexec/)
    assert.match(machine("cache", { "run.cache": "no" }), /^problem: \/cache is mounted noexec/)
  })

  it("sees that processes end with the session, but not where that does not count", () => {
    assert.match(machine("logind", { kills: "yes" }), /^warning: KillUserProcesses=yes/)
    assert.match(machine("logind", { kills: "yes", session: "no" }), /^ok/)
    assert.match(machine("logind", { kills: "yes", user: "root" }), /^ok/)
    assert.match(machine("logind", { kills: undefined }), /^skipped/)
  })

  it("sees limits, start-up files that print, and drivers", () => {
    assert.match(machine("limits", { files: "1024" }), /^ok: 1024 open files, any number of processes/)
    assert.match(machine("limits", { files: "1000" }), /^warning/)
    assert.match(machine("limits", { files: "200" }), /^problem/)
    assert.match(machine("limits", { processes: "60" }), /^problem/)
    assert.match(machine("limits", { files: "", processes: undefined }), /^ok: none is known/)
    assert.match(machine("start-up", {}, ["", "\u001b[2JWelcome\u0007"]), /^warning: .* prints: Welcome$/)
    assert.strictEqual(machine("gpu", { gpu: "550.54, NVIDIA A100" }), "ok: NVIDIA A100, driver 550.54")
    assert.match(machine("gpu", { nvidia: "undriven" }), /^warning/)
    assert.match(machine("gpu", { nvidia: "fails No devices were found" }), /^problem: nvidia-smi fails: No devices/)
  })

  it("takes nothing that a host says into a command to be typed", () => {
    const evil = "x; rm -rf ~"
    const said = {
      user: evil,
      kills: "yes",
      "path.home": evil,
      "write.cache": "no",
      "path.cache": evil,
      "path.tmp": evil,
      "free.tmp": "1",
      family: evil,
      python: undefined,
      pythonFails: evil,
      nvidia: `fails ${evil}`
    }
    const findings = [...doctorMachine.ofHost("gpu-1", report(said)), python(said)]
    assert.isAbove(findings.filter(({ mend }) => mend !== undefined).length, 4)
    for (const { mend = "" } of findings) assert.notInclude(mend, evil)
  })

  it("is none where the script did not run", () => {
    assert.isUndefined(doctorReport.fromLines(0, [[1, "This account is currently not available."]]))
  })
})

describe("the verdict on Python", () => {
  it("wants one that can make environments, of the minor version that this machine has", () => {
    assert.include(python({}), { verdict: "ok", detail: "3.11.2 at /usr/bin/python3" })
    assert.include(python({ python: "3.10.1" }), { verdict: "warning" })
    assert.include(python({ python: "3.10.1" }, report({ python: undefined })), { verdict: "ok" })
    assert.include(python({ python: "3.7.1" }), { verdict: "problem" })
    assert.include(python({ python: undefined }), {
      verdict: "problem",
      mend: "ssh -t gpu-1 sudo apt install python3 python3-venv"
    })
    assert.include(python({ python: undefined, family: "fedora" }), { mend: "ssh -t gpu-1 sudo dnf install python3" })
    assert.include(python({ python: undefined, family: "" }), {
      mend: "install Python 3.8 or later there, or uv"
    })
    assert.include(python({ ensurepip: "no" }), { verdict: "problem" })
    assert.include(python({ ensurepip: "no", uv: "/usr/bin/uv" }), { verdict: "ok" })
    assert.include(doctorPython.verdict("(manager)", report({ python: undefined }), undefined), {
      verdict: "warning",
      mend: "sudo apt install python3 python3-venv"
    })
  })
})

describe("the verdict on the way", () => {
  const identity = { hostKey: "SHA256:k", address: "10.0.0.7", port: 22, user: "ada", server: "OpenSSH_9.2" }
  const login = (refused: ReadonlyArray<string>) =>
    doctorWay.reached("gpu-1", [], { ...identity, login: { by: "/home/ada/.ssh/id", refused, leftOut: [] } })

  it("tells what the config makes of a host, and of a ProxyCommand that could be a jump host", () => {
    const detail = (more: Parameters<typeof resolved>[1]) =>
      doctorWay.config("gpu-1", resolved(Host.make({ alias: "gpu-1" }), more)).detail
    assert.strictEqual(detail({}), "ada@gpu-1:22")
    assert.strictEqual(detail({ proxyCommand: "nc gpu-1 22" }), "ada@gpu-1:22, through `nc gpu-1 22`")
    assert.match(detail({ proxyCommand: "ssh -W gpu-1:22 jump" }), /jump`: ProxyJump does the same/)
    assert.match(detail({ certificateFiles: ["/k-cert.pub"] }), /; with OpenSSH's own client, since .*certificate/)
  })

  it("tells which keys were refused before one was taken, and warns where one more would have been too many", () => {
    assert.strictEqual(of(login([]), "login"), "ok: as ada, with /home/ada/.ssh/id")
    assert.strictEqual(of(login(["a", "b"]), "login"), "ok: as ada, with /home/ada/.ssh/id; refused before: a, b")
    assert.match(of(login(["a", "b", "c", "d"]), "login"), /^warning/)
    assert.strictEqual(of(login([]), "port"), "ok: OpenSSH_9.2 answers on port 22")
  })
})
