/**
 * From what OpenSSH's client says to our errors, each with what mends it.
 *
 * @since 0.1.0
 */
import { SshConfigError, SshError } from "../services/SshError.ts"
import { connectError } from "./ssh2Errors.ts"

/**
 * What is known of a client that did not get through.
 *
 * @internal
 */
export interface Failed {
  readonly host: string
  /** `name:port`. */
  readonly where: string
  readonly program: string
  readonly code: number
  readonly said: ReadonlyArray<string>
  readonly hostKey: string | undefined
  /** Whether it could ask. */
  readonly asked: boolean
}

/**
 * The client itself could not be started.
 *
 * @internal
 */
export const notStarted = (host: string, step: string, program: string, cause?: unknown): SshError =>
  new SshError({
    reason: "Spawn",
    host,
    step,
    detail: `${program} cannot be started${cause instanceof Error ? `: ${cause.message}` : ""}`,
    hint: "this host is reached with OpenSSH's own client: is it installed (package openssh-client), and in PATH?",
    ...(cause === undefined ? {} : { cause })
  })

/** What a system says of a way that is closed, as its number. */
const systemCodes: ReadonlyArray<readonly [RegExp, string]> = [
  [/Temporary failure in name resolution/i, "EAI_AGAIN"],
  [/Could not resolve hostname|Name or service not known|nodename nor servname/i, "ENOTFOUND"],
  [/Connection refused/i, "ECONNREFUSED"],
  [/No route to host/i, "EHOSTUNREACH"],
  [/Network is unreachable/i, "ENETUNREACH"],
  [/Can't assign requested address|Cannot assign requested address/i, "EADDRNOTAVAIL"],
  [/timed out|Timeout, server/i, "ETIMEDOUT"]
]

/** Shells have a colon before the word `line`. */
const badConfig = /^Bad owner or permissions|bad configuration option|^Can't open user config|^[^:]+ line \d+: /im

/** Frames of asterisks and the like say nothing. */
const telling = (said: ReadonlyArray<string>): string =>
  said.filter((line) => /[A-Za-z]/.test(line) && !/^@+/.test(line)).slice(-6).join("; ")

/**
 * Why a client did not get through.
 *
 * @internal
 */
export const connect = (failed: Failed): SshError | SshConfigError => {
  const { asked, code, host, hostKey, program, said, where } = failed
  const all = said.join("\n")
  const detail = telling(said)
  const error = (reason: SshError["reason"], step: string, detail: string, hint: string) =>
    new SshError({ reason, host, step, detail, hint })
  // The shell's.
  if (code === 126 || code === 127) return notStarted(host, "connect", program, new Error(detail))
  if (badConfig.test(all)) {
    return new SshConfigError({
      reason: "Syntax",
      host,
      detail,
      hint: `see what OpenSSH makes of the config: ssh -G ${host}`
    })
  }
  if (/REMOTE HOST IDENTIFICATION HAS CHANGED|REVOKED HOST KEY/.test(all)) {
    const offending = /Offending .* key in (.*):(\d+)/.exec(all)
    return error(
      "HostKeyChanged",
      "host key",
      /REVOKED/.test(all)
        ? `${hostKey ?? "the key"} of ${where} is revoked`
        : `${where} offers ${hostKey ?? "another key"}, but ${
          offending === null ? "known_hosts" : `${offending[1]}:${offending[2]}`
        } holds another key`,
      "somebody may listen in: compare the fingerprint with the host's own before you change known_hosts"
    )
  }
  if (/Host key verification failed|host key is known for|^Certificate invalid/m.test(all)) {
    return error(
      "HostKeyUnknown",
      "host key",
      `${where} offers ${hostKey ?? "a key"}, which no known_hosts file vouches for${
        detail === "" ? "" : `: ${detail}`
      }`,
      `compare the fingerprint, then connect once with \`ssh ${host}\`, or allow it with \`StrictHostKeyChecking accept-new\``
    )
  }
  if (/Permission denied|Too many authentication failures|No more authentication methods/i.test(all)) {
    return error(
      "Authentication",
      "authenticate",
      detail,
      asked
        ? `correct the password, the passphrase or the answers (they need an \`ssh\` not older than 8.5), or see what is offered: ssh -v ${host}`
        : `see what is offered: ssh -v ${host}; a key with a passphrase must be in an agent (ssh-add) or come with it (Host.make({ alias, passphrase })), a Kerberos ticket be there (kinit)`
    )
  }
  if (/stdio forwarding failed|channel 0: open failed/i.test(all)) {
    return error(
      /refused/i.test(all) ? "Refused" : "Unreachable",
      "connect",
      `a jump host cannot reach ${where}: ${detail}`,
      `does an SSH server listen on ${where} as the jump host sees it, and does its sshd allow AllowTcpForwarding?`
    )
  }
  const system = systemCodes.find(([pattern]) => pattern.test(all))
  if (system !== undefined) return connectError(host, where, Object.assign(new Error(detail), { code: system[1] }))
  if (/kex_exchange_identification: (?:read: )?(?:Connection closed|Connection reset)/.test(all)) {
    return error(
      "Unreachable",
      "connect",
      `${where} closes the connection before it says anything: ${detail}`,
      "sshd does so when too many connections wait (MaxStartups) or a filter forbids this machine; so does a ProxyCommand that does not get through"
    )
  }
  if (/no matching .* found|protocol|banner|kex/i.test(all)) {
    return error(
      "Protocol",
      "connect",
      detail,
      `try \`ssh -v ${host}\`; a busy server hangs up like this too (MaxStartups)`
    )
  }
  return error(
    "Unreachable",
    "connect",
    detail === "" ? `${program} ended with exit code ${code}` : detail,
    `try \`ssh -v ${host}\``
  )
}

/**
 * A session that a master or its host does not open.
 *
 * @internal
 */
export const session = (host: string, step: string, said: string): SshError => {
  const detail = telling(
    said.split("\n").map((line) => line.trim()).filter((line) => !line.startsWith("Connection closed by UNKNOWN"))
  )
  return /open refused|open failed|administratively prohibited/i.test(said)
    ? new SshError({
      reason: "ChannelRefused",
      host,
      step,
      detail,
      hint: "the server allows no further session on this connection (MaxSessions)"
    })
    : new SshError({
      reason: "Spawn",
      host,
      step,
      detail: detail === "" ? "the session ended before its program began" : detail,
      hint: step === "sftp"
        ? "does sshd_config have a line `Subsystem sftp internal-sftp`?"
        : "does the user have a login shell, and may it run commands (ForceCommand, a certificate's force-command)?"
    })
}
