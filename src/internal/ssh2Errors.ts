/**
 * From what Node and ssh2 throw to our errors, each with what mends it.
 *
 * @since 0.1.0
 */
import { SshError } from "../services/SshError.ts"
import { withoutControl } from "./outputText.ts"

/**
 * A ProxyCommand has ended, with what it said on standard error.
 *
 * @internal
 */
export class ProxyEnded extends Error {
  constructor(command: string, code: number | null, signal: string | null, said: string) {
    const text = withoutControl(said.trim().replaceAll(/\s*\n\s*/g, "; "))
    const how = code === null ? `by ${signal}` : `with exit code ${code}`
    super(`ProxyCommand \`${command}\` ended ${how}${text === "" ? "" : `: ${text.slice(-500)}`}`)
  }
}

const messageOf = (cause: unknown): string => cause instanceof Error ? cause.message : String(cause)

const codeOf = (cause: unknown): string =>
  typeof cause === "object" && cause !== null && "code" in cause ? String(cause.code) : ""

const levelOf = (cause: unknown): string =>
  typeof cause === "object" && cause !== null && "level" in cause ? String(cause.level) : ""

/**
 * An error of the way to a host: resolve, connect, handshake, authenticate. `heard` is what the far end said first.
 *
 * @internal
 */
export const connectError = (host: string, where: string, cause: unknown, heard = ""): SshError => {
  const error = (reason: SshError["reason"], detail: string, hint?: string) =>
    new SshError({ reason, host, step: "connect", detail, cause, ...(hint === undefined ? {} : { hint }) })
  // The jump host below has gone, and says so itself.
  if (cause instanceof SshError) return cause
  const message = messageOf(cause)
  const name = where.slice(0, where.lastIndexOf(":")).replace(/^\[|\]$/g, "")
  if (cause instanceof ProxyEnded) {
    return error(
      "Unreachable",
      message,
      "run it by hand: once it is through to the host, it prints a line that begins with SSH-2.0"
    )
  }
  switch (codeOf(cause)) {
    case "EADDRNOTAVAIL":
      return error(
        "Unreachable",
        `${message}, on the way to ${where}`,
        "is BindAddress of the ssh config an address of this machine?"
      )
    case "ENOTFOUND":
      return error(
        "NameUnknown",
        `the name ${name} does not resolve`,
        name === host
          ? `no Host line of your ssh config gives ${host} a HostName: correct the name, or add it there`
          : `correct the HostName of ${host} in your ssh config`
      )
    case "EAI_AGAIN":
      return error(
        "NameUnknown",
        `no name server tells what ${name} is`,
        `is this machine online? A HostName in your ssh config that is an address needs no name server`
      )
    case "ECONNREFUSED":
      return error(
        "Refused",
        `nothing listens on ${where}`,
        "is sshd running there, and is it this port (Port in the ssh config)?"
      )
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return error(
        "Unreachable",
        `no route to ${where}`,
        "is the host up, and does it need a ProxyJump or ProxyCommand?"
      )
    case "ETIMEDOUT":
      return error("Timeout", `${where} does not answer`, "is the host up, and does a firewall drop port 22?")
  }
  if (levelOf(cause) === "client-timeout") {
    return error("LinkLost", `${where} no longer answers`, "the host or the network between has gone")
  }
  if (/before handshake/.test(message) && !heard.startsWith("SSH-")) {
    return heard === ""
      ? error(
        "Unreachable",
        `${where} closes the connection before it says anything`,
        "sshd does so when too many connections wait (MaxStartups) or a filter forbids this machine; else it is no sshd"
      )
      : error("Protocol", `${where} speaks no SSH, but says: ${heard}`, "is it this port (Port in the ssh config)?")
  }
  if (levelOf(cause) === "handshake" || levelOf(cause) === "protocol") {
    return error(
      "Protocol",
      message,
      `does an SSH server listen on ${where}, not older than OpenSSH 7? A busy one hangs up like this too (MaxStartups)`
    )
  }
  return error("Unreachable", message, `try \`ssh -v ${host}\``)
}

/**
 * The far end was to be dialled through a jump host, which could not.
 *
 * @internal
 */
export const jumpError = (host: string, where: string, error: SshError): SshError =>
  error.reason !== "ForwardRefused" && error.reason !== "ForwardForbidden" ? error : new SshError({
    reason: /refused/i.test(error.detail) ? "Refused" : "Unreachable",
    host,
    step: "connect",
    detail: `the jump host ${error.host} cannot reach ${where}: ${error.detail}`,
    hint: `does an SSH server listen on ${where} as ${error.host} sees it, and does its sshd allow AllowTcpForwarding?`,
    cause: error
  })

/** What RFC 4254 numbers so: the server's rules forbid it. */
const prohibited = 1

/**
 * An error of a channel that was to be opened for `step`.
 *
 * @internal
 */
export const channelError = (host: string, step: string, cause: unknown): SshError => {
  const detail = messageOf(cause).replace("(SSH) Channel open failure: ", "")
  const error = (reason: SshError["reason"], hint: string) => new SshError({ reason, host, step, detail, hint, cause })
  if (step === "dial") {
    const forbidden = typeof cause === "object" && cause !== null && "reason" in cause && cause.reason === prohibited
    return forbidden
      ? error(
        "ForwardForbidden",
        "sshd forbids it: AllowTcpForwarding or PermitOpen, AllowStreamLocalForwarding for sockets"
      )
      : error("ForwardRefused", "does the program listen there yet?")
  }
  // The channel stands, but what it was opened for is not there.
  if (/^Unable to (exec|start subsystem)/.test(detail)) {
    return error(
      "Spawn",
      step === "sftp"
        ? "does sshd_config have a line `Subsystem sftp internal-sftp`?"
        : "does the user have a login shell, and may it run commands (ForceCommand, PermitOpen)?"
    )
  }
  return error("ChannelRefused", "the server allows no further session on this connection (MaxSessions)")
}

/**
 * The connection went while something was in use.
 *
 * @internal
 */
export const linkLost = (host: string, step: string, cause?: unknown): SshError =>
  new SshError({
    reason: "LinkLost",
    host,
    step,
    detail: cause === undefined ? "the connection has gone" : `the connection has gone: ${messageOf(cause)}`,
    ...(cause === undefined ? {} : { cause })
  })

/** By the status codes of SFTP 3. */
const transferHints = new Map([
  ["3", "may the user write there?"],
  ["4", "the server says no more than that: is the disk full, or does something else stand in the way?"]
])

/**
 * A file operation failed.
 *
 * @internal
 */
export const transferError = (host: string, step: string, path: string, cause: unknown): SshError => {
  const hint = transferHints.get(codeOf(cause))
  return new SshError({
    reason: "Transfer",
    host,
    step,
    detail: `${path}: ${messageOf(cause)}`,
    cause,
    ...(hint === undefined ? {} : { hint })
  })
}
