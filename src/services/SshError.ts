/**
 * The errors of reaching a host.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * One line of what happened and, below it, what to do next: the form of every message of this package.
 *
 * @internal
 */
export const explain = (parts: {
  readonly what: string
  readonly detail?: string | undefined
  readonly log?: ReadonlyArray<string> | undefined
  readonly hint?: string | undefined
}): string =>
  [
    parts.detail === undefined || parts.detail === "" ? parts.what : `${parts.what}: ${parts.detail}`,
    ...(parts.log ?? []).map((line) => `  | ${line}`),
    ...(parts.hint === undefined ? [] : [`hint: ${parts.hint}`])
  ].join("\n")

/**
 * The same of a step on a host.
 *
 * @internal
 */
export const explainStep = (error: {
  readonly host: string
  readonly step: string
  readonly reason: string
  readonly detail: string
  readonly log?: ReadonlyArray<string> | undefined
  readonly hint?: string | undefined
}): string => {
  const { detail, hint, host, log, reason, step } = error
  return explain({ what: `${host}: ${step}, ${reason}`, detail, log, hint })
}

/**
 * The ssh config or the name of a host cannot be used.
 *
 * - `InvalidHost`: the name cannot be a host
 * - `Unreadable`, `Unwritable`: a file of the config
 * - `Syntax`: a line cannot be understood
 * - `Unsupported`: the transport lacks what the config asks for
 * - `Exists`, `NotFound`: an entry to be added is there, one to be removed is not
 * - `Overridden`: an entry would not count, since what stands elsewhere in the config comes first
 *
 * @since 0.1.0
 * @category errors
 */
export class SshConfigError extends Schema.TaggedError<SshConfigError>("lazycluster/SshConfigError")("SshConfigError", {
  reason: Schema.Literal(
    "InvalidHost",
    "Unreadable",
    "Unwritable",
    "Syntax",
    "Unsupported",
    "Exists",
    "NotFound",
    "Overridden"
  ),
  host: Schema.optional(Schema.String),
  detail: Schema.String,
  hint: Schema.optional(Schema.String),
  cause: Schema.optional(Schema.Defect)
}) {
  override get message(): string {
    return explain({
      what: this.host === undefined ? `ssh config, ${this.reason}` : `${this.host}: ssh config, ${this.reason}`,
      detail: this.detail,
      hint: this.hint
    })
  }
}

/**
 * Why a host cannot be reached or used over SSH.
 *
 * - `NameUnknown`: the name does not resolve
 * - `Refused`: nothing listens on the port
 * - `Unreachable`: no route, or the proxy command ended
 * - `Timeout`: no answer within the deadline
 * - `HostKeyUnknown`, `HostKeyChanged`: the host's key is not, or not as, in known_hosts
 * - `Authentication`: no key was accepted, or a key cannot be read
 * - `Protocol`: what answers does not speak SSH as it should
 * - `LinkLost`: the connection has gone
 * - `ChannelRefused`: the server opens no further session
 * - `ForwardRefused`: nothing listens at the far end
 * - `ForwardForbidden`: the server's rules are against this forward, or the user may not bind there
 * - `PortInUse`: a port to listen on, or the path of a socket, is taken on that host
 * - `Transfer`: a file operation failed
 * - `Spawn`: a process could not be started
 *
 * @since 0.1.0
 * @category models
 */
export const SshErrorReason = Schema.Literal(
  "NameUnknown",
  "Refused",
  "Unreachable",
  "Timeout",
  "HostKeyUnknown",
  "HostKeyChanged",
  "Authentication",
  "Protocol",
  "LinkLost",
  "ChannelRefused",
  "ForwardRefused",
  "ForwardForbidden",
  "PortInUse",
  "Transfer",
  "Spawn"
)

/**
 * A host key that is not in known_hosts, as a host has shown it. `KnownHosts.trust` writes it down.
 *
 * @since 0.1.0
 * @category models
 */
export class ShownHostKey extends Schema.Class<ShownHostKey>("lazycluster/ShownHostKey")({
  /** What it is looked up by. */
  name: Schema.String,
  port: Schema.Int,
  keyType: Schema.String,
  /** In base64. */
  key: Schema.String,
  /** As `ssh-keygen -l` shows it: `SHA256:…` */
  fingerprint: Schema.String,
  /** The file for keys that become known; absent where the ssh config names none. */
  file: Schema.optional(Schema.String),
  /** `HashKnownHosts` of the ssh config. */
  hashed: Schema.Boolean
}) {}

/**
 * A host cannot be reached, or a connection to it failed.
 *
 * @since 0.1.0
 * @category errors
 */
export class SshError extends Schema.TaggedError<SshError>("lazycluster/SshError")("SshError", {
  reason: SshErrorReason,
  host: Schema.String,
  /** What was being done: `connect`, `exec`, `listen`, `dial`, `sftp.read` … */
  step: Schema.String,
  detail: Schema.String,
  hint: Schema.optional(Schema.String),
  /** Of a file operation: what the system of the host calls it, as `ENOENT`, where that is known. */
  code: Schema.optional(Schema.String),
  /** Of `HostKeyUnknown`: the key that was shown, where that is known. */
  hostKey: Schema.optional(ShownHostKey),
  cause: Schema.optional(Schema.Defect)
}) {
  override get message(): string {
    return explainStep(this)
  }
}
