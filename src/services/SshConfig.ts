/**
 * What the ssh config says of a host, as `ssh -G` would answer.
 *
 * @since 0.1.0
 */
import type * as CommandExecutor from "@effect/platform/CommandExecutor"
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as internal from "../internal/sshConfigResolver.ts"
import { Host } from "./Host.ts"
import type { SshConfigError } from "./SshError.ts"

const Texts = Schema.Array(Schema.String)
const Text = Schema.optional(Schema.String)

/**
 * All that a client must know to reach a host. Paths are absolute, tokens are replaced, defaults are filled in.
 *
 * @since 0.1.0
 * @category models
 */
export class ResolvedHost extends Schema.Class<ResolvedHost>("lazycluster/ResolvedHost")({
  host: Host,
  /** The name or address to connect to. */
  hostName: Schema.String,
  port: Schema.Int,
  user: Schema.String,
  /** Looked up in known_hosts in place of name and port. */
  hostKeyAlias: Text,
  /** As configured; else those of the default names that exist. */
  identityFiles: Texts,
  /** Whether any `IdentityFile` was configured. */
  identitiesConfigured: Schema.Boolean,
  certificateFiles: Texts,
  /** Certificates that lie beside the identities: `id_ed25519-cert.pub`. */
  certificatesBeside: Texts,
  /** Identities that are keys on hardware (FIDO). */
  securityKeys: Texts,
  /** Where known_hosts names the authority that vouches for the host, if it holds no key of the host's own. */
  hostAuthority: Text,
  /** Only the identities above, whatever an agent holds. */
  identitiesOnly: Schema.Boolean,
  /** The socket of the agent, `SSH_AUTH_SOCK` unless configured; `none` when configured so; absent when there is none. */
  identityAgent: Text,
  pubkeyAuthentication: Schema.Boolean,
  passwordAuthentication: Schema.Boolean,
  kbdInteractiveAuthentication: Schema.Boolean,
  numberOfPasswordPrompts: Schema.Int,
  preferredAuthentications: Text,
  gssapiAuthentication: Schema.Boolean,
  pkcs11Provider: Text,
  securityKeyProvider: Text,
  userKnownHostsFiles: Texts,
  globalKnownHostsFiles: Texts,
  revokedHostKeys: Text,
  strictHostKeyChecking: Schema.Literal("yes", "accept-new", "no", "ask"),
  hashKnownHosts: Schema.Boolean,
  checkHostIp: Schema.Boolean,
  noHostAuthenticationForLocalhost: Schema.Boolean,
  /** As written, also with a `+`, `-` or `^` in front; so are the three below. */
  hostKeyAlgorithms: Text,
  kexAlgorithms: Text,
  ciphers: Text,
  macs: Text,
  /**
   * The hosts to go through, the nearest first. Each is looked up in the config itself, but what it says there of jumps and
   * proxies counts for the nearest only.
   */
  proxyJump: Schema.Array(Host),
  /** A shell line that speaks for the host on its standard input and output. */
  proxyCommand: Text,
  addressFamily: Schema.Literal("any", "inet", "inet6"),
  bindAddress: Text,
  compression: Schema.Boolean,
  /** Seconds; absent: as long as the system waits. */
  connectTimeout: Schema.optional(Schema.Number),
  /** Seconds; 0: never. */
  serverAliveInterval: Schema.Number,
  serverAliveCountMax: Schema.Int,
  setEnv: Schema.Record({ key: Schema.String, value: Schema.String })
}) {}

/**
 * The ways to authenticate that are left, in order: those that the config prefers, without those that it turns off.
 *
 * @internal
 */
export const methods = (self: ResolvedHost): ReadonlyArray<string> => {
  const preferred = self.preferredAuthentications?.split(",").map((method) => method.trim()) ??
    ["gssapi-with-mic", "hostbased", "publickey", "keyboard-interactive", "password"]
  const off = [
    ...(self.gssapiAuthentication ? [] : ["gssapi-with-mic"]),
    ...(self.pubkeyAuthentication ? [] : ["publickey"]),
    ...(self.kbdInteractiveAuthentication ? [] : ["keyboard-interactive"]),
    ...(self.passwordAuthentication ? [] : ["password"])
  ]
  return preferred.filter((method) => !off.includes(method))
}

/** OpenSSH can do hostbased and gssapi-with-mic too. */
const withSsh2: ReadonlySet<string> = new Set(["publickey", "keyboard-interactive", "password"])

const keyThatNeedsIt = (self: ResolvedHost): string | undefined => {
  // What a program gives comes before what lies about.
  const { answers, key, password } = self.host
  if (password !== undefined || answers !== undefined || typeof key === "object") return undefined
  const [certificate] = [...self.certificateFiles, ...self.certificatesBeside]
  if (certificate !== undefined) return `it is reached with a certificate, ${certificate}`
  if (self.pkcs11Provider !== undefined) return `its key is on a smart card, PKCS11Provider ${self.pkcs11Provider}`
  const [securityKey] = self.securityKeys
  const mayAsk = !self.identitiesOnly && self.identityAgent !== undefined && self.identityAgent !== "none"
  const others = self.identityFiles.length > self.securityKeys.length || (mayAsk && !self.identitiesConfigured)
  return securityKey === undefined || others ? undefined : `its key is on a security key, ${securityKey}`
}

const authority = ({ hostAuthority }: ResolvedHost): string | undefined =>
  hostAuthority && `its host key is vouched for by an authority only, ${hostAuthority}`

/**
 * Why a host needs OpenSSH's own client, if it does: the config names means that ssh2 does not have. `Ssh.layerOpenSsh` has
 * them all.
 *
 * @since 0.1.0
 * @category guards
 */
export const needsOpenSsh = (self: ResolvedHost): Option.Option<string> => {
  const left = methods(self)
  if (left.length > 0 && !left.some((method) => withSsh2.has(method))) {
    return Option.some(`the ssh config allows ${left.join(" and ")} only`)
  }
  return Option.fromNullable((left.includes("publickey") ? keyThatNeedsIt(self) : undefined) ?? authority(self))
}

/**
 * The ssh config of the user and of the system. Files are read at each question, so a change counts at once.
 *
 * @since 0.1.0
 * @category tags
 */
export class SshConfig extends Context.Tag("lazycluster/SshConfig")<SshConfig, {
  /** What the config says of a host. `user` and `port` of the host win over it. */
  readonly resolve: (host: Host) => Effect.Effect<ResolvedHost, SshConfigError>
  /** The names that stand in Host lines of the user's config, in order, each once, patterns left out. */
  readonly aliases: Effect.Effect<ReadonlyArray<string>, SshConfigError>
  /** The file to name to `ssh -F`, where OpenSSH would not find the config itself. */
  readonly file: Effect.Effect<Option.Option<string>>
}>() {}

/**
 * Where the config is.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Default `~/.ssh/config`, which may be missing. A file given here must exist, and the system's is not read then, as for `ssh -F`. */
  readonly file?: string | undefined
  /** Default `HOME`, else what the user list says. */
  readonly home?: string | undefined
  /** Default `/etc/ssh/ssh_config`, read after the user's. */
  readonly systemFile?: string | undefined
}

/**
 * Makes the service.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * import { Effect } from "effect"
 * import { NodeContext } from "@effect/platform-node"
 * import { Host, SshConfig } from "lazycluster"
 *
 * const where = Effect.gen(function*() {
 *   const config = yield* SshConfig.SshConfig
 *   const { hostName, port } = yield* config.resolve(yield* Host.parse("gpu-1"))
 *   return `${hostName}:${port}`
 * }).pipe(Effect.provide(SshConfig.layer()), Effect.provide(NodeContext.layer))
 */
export const make = (
  options: Options = {}
): Effect.Effect<
  SshConfig["Type"],
  never,
  FileSystem.FileSystem | Path.Path | CommandExecutor.CommandExecutor
> =>
  Effect.map(internal.make(options), ({ aliases, file, resolve }) => ({
    aliases,
    file,
    resolve: Effect.fn("SshConfig.resolve")((host: Host) =>
      Effect.map(resolve(host), (resolved) => ResolvedHost.make(resolved))
    )
  }))

/**
 * The service over the files of this machine.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options: Options = {}
): Layer.Layer<SshConfig, never, FileSystem.FileSystem | Path.Path | CommandExecutor.CommandExecutor> =>
  Layer.effect(SshConfig, make(options))
