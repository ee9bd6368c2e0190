/**
 * The verdicts on a machine: a pure function of what it said.
 *
 * @since 0.1.0
 */
import { render as size } from "../internal/byteSize.ts"
import * as DoctorFinding from "./DoctorFinding.ts"
import { type Report, value, values } from "./doctorReport.ts"

const mebibyte = 1024 ** 2

/** Of the place for files: below the first it is a problem, below the second a warning. An environment of Dask takes 300 MiB. */
const wanted = {
  home: [64 * mebibyte, 512 * mebibyte],
  cache: [512 * mebibyte, 2048 * mebibyte],
  tmp: [64 * mebibyte, 512 * mebibyte]
} as const

const fewestInodes = 1000

const mends = {
  home: "give the user a home directory that can be written: `ls -ld ~` and `df -h ~` there",
  cache: "make it writable, or set XDG_CACHE_HOME there to a place that is",
  tmp: "make it writable, or set TMPDIR there to a place that is"
}

/** Where one types it: on the machine itself, or through ssh. */
const there = (host: string | undefined, command: string): string =>
  host === undefined ? command : `ssh ${host} ${command}`

const place = (
  say: DoctorFinding.Say,
  report: Report,
  name: "home" | "cache" | "tmp",
  host: string | undefined
): DoctorFinding.DoctorFinding => {
  const path = value(report, `path.${name}`) ?? name
  const free = Number(value(report, `free.${name}`) ?? Number.NaN) * 1024
  const inodes = Number(value(report, `inodes.${name}`) ?? Number.NaN)
  const [least, few] = wanted[name]
  const left = Number.isNaN(free) ? path : `${path}, ${size(free)} free`
  // Nothing that a host says stands in a command to be typed.
  const room = there(host, "df -h")
  if (free < least || inodes < fewestInodes) {
    return say(
      name,
      "problem",
      inodes < fewestInodes ? `${path}: ${inodes} more files and it is full` : left,
      `make room: \`${room}\` shows where there is none${name === "tmp" ? ", or set TMPDIR there" : ""}`
    )
  }
  const writes = value(report, `write.${name}`)
  if (writes !== "yes") {
    return say(name, "problem", `${path} ${writes === "missing" ? "is not there" : "cannot be written"}`, mends[name])
  }
  if (value(report, `run.${name}`) !== "yes") {
    return say(
      name,
      name === "cache" ? "problem" : "warning",
      `${path} is mounted noexec: what lies there does not run`,
      name === "tmp"
        ? "set TMPDIR there to a place without noexec, or give runtimes a workingDirectory in the home"
        : "set XDG_CACHE_HOME there to a place without noexec: environments are made in it"
    )
  }
  return free < few
    ? say(name, "warning", `${left}: an environment may not fit`, `make room: \`${room}\` shows where there is little`)
    : say(name, "ok", left)
}

const number = (text: string | undefined): number =>
  text === "unlimited" ? Number.POSITIVE_INFINITY : text === undefined || text === "" ? Number.NaN : Number(text)

const limits = (say: DoctorFinding.Say, report: Report): DoctorFinding.DoctorFinding => {
  const files = number(value(report, "files"))
  const processes = number(value(report, "processes"))
  const detail = [
    ...(Number.isNaN(files) ? [] : [`${files === Number.POSITIVE_INFINITY ? "any number of" : files} open files`]),
    ...(Number.isNaN(processes)
      ? []
      : [`${processes === Number.POSITIVE_INFINITY ? "any number of" : processes} processes`])
  ].join(", ")
  const mend = "raise nofile and nproc of the user in /etc/security/limits.conf there; it counts from the next login on"
  if (files < 256 || processes < 64) return say("limits", "problem", `${detail}: too few to work with`, mend)
  return files < 1024 || processes < 512
    ? say("limits", "warning", `${detail}: a worker may need more`, mend)
    : say("limits", "ok", detail === "" ? "none is known" : detail)
}

/** Beyond what the round trip explains. Within a second where its clock has no parts of one. */
const lag = (report: Report): number | undefined => {
  const [, whole, part] = /^(\d+)(?:\.(\d+))?/.exec(value(report, "clock") ?? "") ?? []
  if (whole === undefined) return undefined
  const at = Number(`${whole}.${part ?? 0}`) * 1000
  const latest = part === undefined ? at + 1000 : at
  return at > report.heard ? at - report.heard : latest < report.asked ? latest - report.asked : 0
}

const clock = (say: DoctorFinding.Say, report: Report, host: string): DoctorFinding.DoctorFinding => {
  const off = lag(report)
  if (off === undefined) return say("clock", "skipped", "it does not tell the time")
  const seconds = Math.abs(off) / 1000
  if (seconds < 2) return say("clock", "ok", "agrees with this machine's")
  return say(
    "clock",
    seconds < 60 ? "warning" : "problem",
    `it is ${seconds < 120 ? `${seconds.toFixed(1)} s` : `${Math.round(seconds / 60)} minutes`} ${
      off < 0 ? "behind" : "ahead of"
    } this machine: certificates and times in logs go wrong`,
    `${there(host, "sudo timedatectl set-ntp true")}, or here where this machine is the one that is wrong`
  )
}

const logind = (say: DoctorFinding.Say, report: Report): DoctorFinding.DoctorFinding => {
  const said = value(report, "user") ?? ""
  const user = /^[\w.@-]+$/.test(said) ? said : "USER"
  switch (value(report, "kills")) {
    case "yes":
      return value(report, "session") === "yes" && user !== "root"
        ? say(
          "logind",
          "warning",
          "KillUserProcesses=yes ends everything of the user with the last SSH session: no work outlives a lost connection",
          `write KillExcludeUsers=root ${user} below [Login] in /etc/systemd/logind.conf there, then: sudo systemctl restart systemd-logind`
        )
        : say("logind", "ok", "KillUserProcesses=yes, but not for sessions such as this one")
    case "no":
      return say("logind", "ok", "what runs outlives its SSH session")
    default:
      return say("logind", "skipped", "there is no logind, or it does not tell")
  }
}

const startUp = (say: DoctorFinding.Say, report: Report, host: string): DoctorFinding.DoctorFinding => {
  const [first] = report.noise
  return first === undefined
    ? say("start-up", "ok", "start-up files are silent")
    : say(
      "start-up",
      "warning",
      `a start-up file of the login shell prints: ${first.slice(0, 60)}`,
      `let it print on terminals only: \`case $- in *i*) … esac\` in ~/.bashrc or the like on ${host}`
    )
}

const driver = (say: DoctorFinding.Say, report: Report): DoctorFinding.DoctorFinding => {
  const gpus = values(report, "gpu")
  const [first] = gpus
  const nvidia = value(report, "nvidia")
  if (first !== undefined) {
    const [version = "", name = ""] = first.split(",").map((part) => part.trim())
    return say("gpu", "ok", `${gpus.length === 1 ? "" : `${gpus.length} × `}${name}, driver ${version}`)
  }
  if (nvidia === undefined) return say("gpu", "ok", "no NVIDIA GPU")
  return nvidia === "undriven"
    ? say(
      "gpu",
      "warning",
      "it has an NVIDIA GPU, but no nvidia-smi",
      "install the driver of NVIDIA there, or put nvidia-smi on the PATH of shells without a terminal"
    )
    : say(
      "gpu",
      "problem",
      `nvidia-smi fails: ${nvidia.replace(/^fails /, "")}`,
      "reboot it after an update of the driver, else install the driver anew: `sudo dmesg | grep -i nvrm` there says why"
    )
}

/**
 * Of a host, through ssh.
 *
 * @internal
 */
export const ofHost = (host: string, report: Report): ReadonlyArray<DoctorFinding.DoctorFinding> => {
  const say = DoctorFinding.on(host)
  return [
    startUp(say, report, host),
    shell(say, report),
    place(say, report, "home", host),
    place(say, report, "cache", host),
    place(say, report, "tmp", host),
    clock(say, report, host),
    logind(say, report),
    limits(say, report),
    driver(say, report)
  ]
}

const shell = (say: DoctorFinding.Say, report: Report): DoctorFinding.DoctorFinding => {
  const login = value(report, "login") ?? ""
  return say(
    "shell",
    "ok",
    `/bin/sh is ${value(report, "shell") ?? "there"}${login === "" ? "" : `, the login shell is ${login}`}`
  )
}

/**
 * Of the machine that runs this program.
 *
 * @internal
 */
export const ofManager = (host: string, report: Report): ReadonlyArray<DoctorFinding.DoctorFinding> => {
  const say = DoctorFinding.on(host)
  return [
    place(say, report, "home", undefined),
    place(say, report, "cache", undefined),
    place(say, report, "tmp", undefined),
    limits(say, report),
    driver(say, report)
  ]
}
