/**
 * The verdicts on the way to a host: hop by hop, up to the one that is not passed.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import type * as HostIdentity from "../services/HostIdentity.ts"
import { needsOpenSsh, type ResolvedHost } from "../services/SshConfig.ts"
import type { SshConfigError, SshError } from "../services/SshError.ts"
import * as DoctorFinding from "./DoctorFinding.ts"

/** The steps of one hop, in their order. */
const steps = ["name", "port", "host-key", "login"] as const

type Step = typeof steps[number]

const stepOf = ({ reason }: SshError): Step => {
  switch (reason) {
    case "NameUnknown":
      return "name"
    case "Refused":
    case "Unreachable":
    case "Timeout":
    case "Protocol":
      return "port"
    case "HostKeyUnknown":
    case "HostKeyChanged":
      return "host-key"
    default:
      return "login"
  }
}

const passed: Readonly<Record<Step, string>> = {
  name: "it resolves",
  port: "an SSH server answers",
  "host-key": "it is the one in known_hosts",
  login: "let in"
}

const mendOf = (host: string, error: SshError): string | undefined =>
  error.reason === "HostKeyUnknown"
    ? `${error.hint === undefined ? "" : `${error.hint}; or: `}lazycluster doctor ${host} --accept-new`
    : error.hint

/** Up to the step that failed; what comes after was not tried. */
const failing = (say: DoctorFinding.Say, host: string, error: SshError): ReadonlyArray<DoctorFinding.DoctorFinding> => {
  const at = steps.indexOf(stepOf(error))
  return steps.map((step, index) =>
    index < at
      ? say(step, "ok", passed[step])
      : index === at
      ? say(step, "problem", error.detail, mendOf(host, error))
      : say(step, "skipped", "not tried")
  )
}

/**
 * What the ssh config says of a host.
 *
 * @internal
 */
export const config = (host: string, resolved: ResolvedHost): DoctorFinding.DoctorFinding => {
  const { hostName, port, proxyCommand, proxyJump, user } = resolved
  const through = proxyJump.length > 0
    ? `, through ${proxyJump.map(({ alias }) => alias).join(" and ")}`
    : proxyCommand === undefined
    ? ""
    : `, through \`${proxyCommand}\`${
      /\bssh\b.*\s-W\s/.test(proxyCommand)
        ? ": ProxyJump does the same, and hosts behind one jump host share the way"
        : ""
    }`
  const means = Option.match(needsOpenSsh(resolved), {
    onNone: () => "",
    onSome: (why) => `; with OpenSSH's own client, since ${why}`
  })
  return DoctorFinding.on(host)("config", "ok", `${user}@${hostName}:${port}${through}${means}`)
}

/** A server that hangs up after so many tries lets one more in. */
const manyRefused = 4

const login = (
  say: DoctorFinding.Say,
  host: string,
  identity: HostIdentity.HostIdentity
): DoctorFinding.DoctorFinding => {
  const { login, user } = identity
  if (login === undefined) return say("login", "ok", `as ${user}`)
  const { by, leftOut, refused } = login
  const detail = [
    `as ${user}, with ${by}`,
    ...(refused.length === 0 ? [] : [`refused before: ${refused.join(", ")}`]),
    ...(leftOut.length === 0 ? [] : [`not offered: ${leftOut.join(", ")}`])
  ].join("; ")
  return refused.length >= manyRefused
    ? say(
      "login",
      "warning",
      detail,
      `sshd hangs up after 6 tries: write IdentityFile ${
        by.startsWith("/") ? by : "PATH"
      } and IdentitiesOnly yes for ${host} into the ssh config`
    )
    : say("login", "ok", detail)
}

/**
 * A host that was reached, through these jump hosts.
 *
 * @internal
 */
export const reached = (
  host: string,
  jumps: ReadonlyArray<string>,
  identity: HostIdentity.HostIdentity
): ReadonlyArray<DoctorFinding.DoctorFinding> => {
  const say = DoctorFinding.on(host)
  const { address, hostKey, port, server } = identity
  return [
    ...jumps.map((hop) => DoctorFinding.on(host, hop)("jump", "ok", "passed")),
    say("name", "ok", address),
    say("port", "ok", `${server ?? "an SSH server"} answers on port ${port}`),
    say("host-key", "ok", hostKey ?? "it is known"),
    login(say, host, identity)
  ]
}

/**
 * One that was not.
 *
 * @internal
 */
export const unreached = (
  host: string,
  jumps: ReadonlyArray<string>,
  error: SshError
): ReadonlyArray<DoctorFinding.DoctorFinding> => {
  const at = jumps.indexOf(error.host)
  if (at < 0) {
    return [
      ...jumps.map((hop) => DoctorFinding.on(host, hop)("jump", "ok", "passed")),
      ...failing(DoctorFinding.on(host), host, error)
    ]
  }
  return [
    ...jumps.slice(0, at).map((hop) => DoctorFinding.on(host, hop)("jump", "ok", "passed")),
    ...failing(DoctorFinding.on(host, error.host), error.host, error),
    ...jumps.slice(at + 1).map((hop) => DoctorFinding.on(host, hop)("jump", "skipped", "not tried")),
    ...steps.map((step) => DoctorFinding.on(host)(step, "skipped", `${error.host}, before it, is not passed`))
  ]
}

/**
 * One whose name or config cannot be used.
 *
 * @internal
 */
export const misnamed = (host: string, error: SshConfigError): DoctorFinding.DoctorFinding =>
  DoctorFinding.wrong(DoctorFinding.on(host), "config", error)
