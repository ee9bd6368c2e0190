/**
 * From what Node and ssh2 throw to our errors, each with what mends it.
 *
 * @since 0.1.0
 */
import { SshError } from "../services/SshError.ts"

const messageOf = (cause: unknown): string => cause instanceof Error ? cause.message : String(cause)

const codeOf = (cause: unknown): string =>
  typeof cause === "object" && cause !== null && "code" in cause ? String(cause.code) : ""

const levelOf = (cause: unknown): string =>
  typeof cause === "object" && cause !== null && "level" in cause ? String(cause.level) : ""

/**
 * An error of the way to a host: resolve, connect, handshake, authenticate.
 *
 * @internal
 */
export const connectError = (host: string, where: string, cause: unknown): SshError => {
  const error = (reason: SshError["reason"], detail: string, hint?: string) =>
    new SshError({ reason, host, step: "connect", detail, cause, ...(hint === undefined ? {} : { hint }) })
  const message = messageOf(cause)
  switch (codeOf(cause)) {
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return error(
        "NameUnknown",
        `${where} does not resolve`,
        `is ${host} an alias of your ssh config? \`ssh -G ${host}\` shows the HostName that is used`
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
