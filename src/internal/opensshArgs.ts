/**
 * The arguments of OpenSSH's client: its config says how a host is reached, but for what would change what we do.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import type { Host } from "../services/Host.ts"
import type { Asking } from "./asking.ts"
import { accepts } from "./ssh2HostKey.ts"
import type { Named } from "./sshJumps.ts"
import { quoteAll } from "./words.ts"

/**
 * What the live layer may be told.
 *
 * @internal
 */
export interface Settings {
  readonly program: string
  /** For `-F`; absent: the files that OpenSSH reads of itself. */
  readonly configFile: string | undefined
  readonly acceptNew: boolean
  readonly connectTimeout: Duration.Duration
  readonly keepalive: Duration.Duration
  readonly asking: Asking
}

/**
 * A host, and those to go through, the nearest first; none where OpenSSH finds them itself.
 *
 * @internal
 */
export interface Target extends Named {
  readonly jumps: ReadonlyArray<Named>
}

const seconds = (duration: Duration.Duration): number => Math.max(1, Math.ceil(Duration.toSeconds(duration)))

/**
 * How long the whole way to a host may take.
 *
 * @internal
 */
export const deadlineOf = ({ resolved }: Named, settings: Settings): Duration.Duration =>
  resolved?.connectTimeout === undefined ? settings.connectTimeout : Duration.seconds(resolved.connectTimeout)

/** What the user's config must not say of a client of ours. It says all else. */
const ours = [
  "ControlPersist=no",
  "PermitLocalCommand=no",
  "ClearAllForwardings=yes",
  "ExitOnForwardFailure=no",
  "UpdateHostKeys=no",
  "Tunnel=no"
]

/** A value that the client takes as it stands. */
const plain = (value: string): string => value.replaceAll("%", "%%")

/**
 * What the host itself says wins over the config.
 *
 * @internal
 */
export const given = (host: Host): ReadonlyArray<string> => [
  ...(host.user === undefined ? [] : ["-l", host.user]),
  ...(host.port === undefined ? [] : ["-p", String(host.port)]),
  ...(host.hostName === undefined ? [] : ["-o", `HostName=${plain(host.hostName)}`]),
  ...(host.agent === undefined ? [] : ["-o", `IdentityAgent=${host.agent === false ? "none" : plain(host.agent)}`]),
  ...(typeof host.key === "string" ? ["-i", plain(host.key)] : [])
]

const options = (values: ReadonlyArray<string>): ReadonlyArray<string> => values.flatMap((value) => ["-o", value])

/** All of a client but what it is for: its config, the way, ours, and the host. */
const client = (
  { host, jumps, resolved }: Target,
  settings: Settings,
  role: ReadonlyArray<string>
): ReadonlyArray<string> => {
  const accepted = resolved === undefined ? settings.acceptNew : accepts(resolved, settings)
  const through = proxy(jumps, settings)
  return [
    ...(settings.configFile === undefined ? [] : ["-F", settings.configFile]),
    ...role,
    ...options([
      ...ours,
      // Never `no`, which would take a changed key.
      `StrictHostKeyChecking=${accepted ? "accept-new" : "yes"}`,
      ...(through === undefined ? [] : [`ProxyCommand=${through}`])
    ]),
    ...given(host),
    "--",
    host.alias
  ]
}

/** Where a jump host leads to: these are the client's to fill in that runs the command. */
const far = "[%h]:%p"

/**
 * The way through jump hosts. OpenSSH's own would hand nothing of ours on to them: they would ask, take part in the user's
 * `ControlMaster` and leave it behind.
 */
const proxy = (jumps: ReadonlyArray<Named>, settings: Settings): string | undefined => {
  const last = jumps.at(-1)
  if (last === undefined) return undefined
  const words = client({ ...last, jumps: jumps.slice(0, -1) }, settings, [
    "-axS",
    "none",
    "-W",
    far,
    ...options(["LogLevel=ERROR", "BatchMode=yes"])
  ])
  return quoteAll([settings.program, ...words].map((word) => word === far ? word : plain(word)))
}

/**
 * The arguments of a master. `asks` tells how often it may ask, if it may; `keyFile` is a key for it alone.
 *
 * @internal
 */
export const master = (target: Target, settings: Settings, own: {
  readonly controlPath: string
  readonly keyFile: string | undefined
  readonly asks: "never" | "once" | "as the config says"
}): ReadonlyArray<string> =>
  client(target, settings, [
    "-MNTax",
    "-S",
    own.controlPath,
    ...(own.keyFile === undefined ? [] : ["-i", own.keyFile]),
    ...options([
      "LogLevel=DEBUG2",
      `BatchMode=${own.asks === "never" ? "yes" : "no"}`,
      ...(own.asks === "once" ? ["NumberOfPasswordPrompts=1"] : []),
      `ConnectTimeout=${seconds(deadlineOf(target, settings))}`,
      ...(target.resolved !== undefined && target.resolved.serverAliveInterval > 0
        ? []
        : [`ServerAliveInterval=${seconds(settings.keepalive)}`])
    ])
  ])
