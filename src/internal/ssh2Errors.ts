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
  const message = messageOf(cause)
  const name = where.slice(0, where.lastIndexOf(":"))
  if (cause instanceof ProxyEnded) {
    return error(
      "Unreachable",
      message,
      "run it by hand: once it is through to the host, it prints a line that begins with SSH-2.0"
    )
  }
  switch (codeOf(cause)) {
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
      `does an SSH server listen on ${where}, and one that is not older than OpenSSH 7?`
    )
  }
  return error("Unreachable", message, `try \`ssh -v ${host}\``)
}

/**
 * An error of a channel that was to be opened for `step`.
 *
 * @internal
 */
export const channelError = (host: string, step: string, cause: unknown): SshError => {
  const message = messageOf(cause)
  if (/Not connected|No response from server|ECONNRESET|socket/i.test(message)) {
    return new SshError({ reason: "LinkLost", host, step, detail: "the connection has gone", cause })
  }
  return step === "dial"
    ? new SshError({
      reason: "ForwardRefused",
      host,
      step,
      detail: message,
      hint: "does the program listen there yet, and does sshd allow it (AllowTcpForwarding, PermitOpen)?",
      cause
    })
    : new SshError({
      reason: "ChannelRefused",
      host,
      step,
      detail: message,
      hint: "the server allows no further session on this connection (MaxSessions)",
      cause
    })
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

/**
 * A file operation failed.
 *
 * @internal
 */
export const transferError = (host: string, step: string, path: string, cause: unknown): SshError =>
  new SshError({ reason: "Transfer", host, step, detail: `${path}: ${messageOf(cause)}`, cause })
