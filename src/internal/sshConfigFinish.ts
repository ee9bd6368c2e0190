/**
 * From settings to a resolved host: tokens, paths, defaults, and what cannot be done here.
 *
 * @since 0.1.0
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Host } from "../services/Host.ts"
import type { ResolvedHost } from "../services/SshConfig.ts"
import { SshConfigError } from "../services/SshError.ts"
import { syntaxError } from "./sshConfigFile.ts"
import * as Keys from "./sshConfigKeys.ts"
import type { Settings } from "./sshConfigSettings.ts"
import * as Tokens from "./sshConfigTokens.ts"
import * as Value from "./sshConfigValue.ts"

/**
 * What is asked of the machine.
 *
 * @internal
 */
export interface Machine {
  readonly environment: (name: string) => Effect.Effect<Option.Option<string>>
  readonly exists: (path: string) => Effect.Effect<boolean>
  readonly files: FileSystem.FileSystem
}

/** DSA is left out: OpenSSH has given it up too. */
const defaultIdentities = ["id_ed25519", "id_ecdsa", "id_rsa"]
const defaultsOnHardware = ["id_ecdsa_sk", "id_ed25519_sk"]

const strictness = ["yes", "accept-new", "no", "ask"] as const
const families = ["any", "inet", "inet6"] as const

const isNone = (value: string | undefined): boolean => value?.toLowerCase() === "none"

/** What was read is one of these already; this tells the compiler. */
const oneOf = <A extends string>(all: ReadonlyArray<A>, value: string | undefined, otherwise: A): A =>
  all.find((candidate) => candidate === value) ?? otherwise

const assignments = (values: ReadonlyArray<string>): Record<string, string> =>
  Object.fromEntries(
    // The first of two wins, and fromEntries keeps the last.
    values.toReversed().map((value) => [value.slice(0, value.indexOf("=")), value.slice(value.indexOf("=") + 1)])
  )

/**
 * What the settings come to.
 *
 * @internal
 */
export const finish = Effect.fnUntraced(function*(
  host: Host,
  settings: Settings,
  written: Tokens.Facts,
  machine: Machine
) {
  const facts: Tokens.Facts = { ...written, hostKeyAlias: written.hostKeyAlias?.toLowerCase() }
  const all = (name: string): ReadonlyArray<string> => settings.get(name)?.values ?? []
  const first = (name: string): string | undefined => all(name)[0]
  const yes = (name: string): boolean => first(name) === "yes"
  const number = (name: string, otherwise: number): number => Number(first(name) ?? otherwise)
  const text = (name: string): string | undefined => isNone(first(name)) ? undefined : first(name)

  /** At the place where the setting stands. */
  const placed = <A>(name: string, effect: Effect.Effect<A, string>) =>
    Effect.mapError(effect, (detail) => {
      const { file, line } = settings.get(name) ?? { file: "a default", line: 0 }
      return syntaxError(host.alias, `${file}:${line}`, detail)
    })
  const unsupported = (detail: string, hint: string) =>
    new SshConfigError({ reason: "Unsupported", host: host.alias, detail, hint })

  const known = Tokens.tokens(facts)
  const expanded = (name: string, path: string) =>
    placed(
      name,
      Effect.flatMap(Tokens.tilde(path, facts), (text) => Tokens.dollarPercent(text, known, machine.environment))
    )
  const files = (name: string, values = all(name)) =>
    Effect.forEach(values.filter((value) => !isNone(value)), (path) => expanded(name, path))

  const proxyJump = all("proxyjump").flatMap((text) => Value.jump(text) ?? [])
  const last = proxyJump.at(-1)
  if (
    last !== undefined && last.alias === facts.hostName && (last.port ?? 22) === facts.port &&
    (last.user ?? facts.user) === facts.user
  ) {
    return yield* placed("proxyjump", Effect.fail(`${host.alias} is its own jump host`))
  }

  const command = first("proxycommand")
  const proxyCommand = command === undefined || isNone(command)
    ? undefined
    : yield* placed("proxycommand", Tokens.percent(command, Tokens.proxyTokens(facts)))
  if (proxyCommand !== undefined && yes("proxyusefdpass")) {
    return yield* unsupported(
      "ProxyUseFdpass hands over an open connection, and Node takes no passed descriptor",
      "use a plain ProxyCommand such as `nc %h %p`, without ProxyUseFdpass"
    )
  }
  const canonicalize = first("canonicalizehostname") ?? "no"
  const direct = proxyCommand === undefined && proxyJump.length === 0
  const domains = all("canonicaldomains").filter((domain) => !isNone(domain))
  if (domains.length > 0 && (canonicalize === "always" || (canonicalize === "yes" && direct))) {
    return yield* unsupported(
      "CanonicalizeHostname searches the name in CanonicalDomains, which is not done here",
      "write the whole name as HostName"
    )
  }

  const agent = host.agent === false ? "none" : host.agent ?? first("identityagent")
  const agentVariable = agent === undefined || agent === "SSH_AUTH_SOCK"
    ? "SSH_AUTH_SOCK"
    : /^\$(\w+)$/.exec(agent)?.[1]
  const identityAgent = agent !== undefined && isNone(agent)
    ? "none"
    : agentVariable === undefined
    ? yield* expanded("identityagent", agent ?? "")
    : Option.getOrElse(yield* machine.environment(agentVariable), () => agent === undefined ? undefined : "none")

  const provider = text("securitykeyprovider")
  const identitiesConfigured = settings.has("identityfile") || host.key !== undefined
  const connectTimeout = number("connecttimeout", 0)
  const present = (names: ReadonlyArray<string>) =>
    Effect.filter(names.map((name) => `${facts.home}/.ssh/${name}`), machine.exists)
  const identityFiles = identitiesConfigured
    ? [
      ...(typeof host.key === "string" ? yield* files("identityfile", [host.key]) : []),
      ...yield* files("identityfile")
    ]
    : yield* present(defaultIdentities)
  const userKnownHostsFiles = yield* files(
    "userknownhostsfile",
    settings.has("userknownhostsfile") ? all("userknownhostsfile") : ["~/.ssh/known_hosts", "~/.ssh/known_hosts2"]
  )
  const globalKnownHostsFiles = (settings.has("globalknownhostsfile")
    ? all("globalknownhostsfile")
    : ["/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"]).filter((file) => !isNone(file))
  return {
    host,
    hostName: facts.hostName,
    port: facts.port,
    user: facts.user,
    hostKeyAlias: facts.hostKeyAlias,
    identityFiles,
    identitiesConfigured,
    certificatesBeside: yield* Keys.certificatesBeside(machine.files, identityFiles),
    securityKeys: identitiesConfigured
      ? yield* Keys.onHardware(machine.files, identityFiles)
      : yield* present(defaultsOnHardware),
    hostAuthority: Option.getOrUndefined(
      yield* Keys.onlyAuthority(
        machine.files,
        [...userKnownHostsFiles, ...globalKnownHostsFiles],
        facts.hostKeyAlias === undefined
          ? { name: facts.hostName, port: facts.port }
          : { name: facts.hostKeyAlias, port: 22 }
      )
    ),
    certificateFiles: yield* files("certificatefile"),
    identitiesOnly: yes("identitiesonly"),
    identityAgent,
    pubkeyAuthentication: first("pubkeyauthentication") !== "no",
    passwordAuthentication: first("passwordauthentication") !== "no",
    kbdInteractiveAuthentication: first("kbdinteractiveauthentication") !== "no",
    numberOfPasswordPrompts: number("numberofpasswordprompts", 3),
    preferredAuthentications: text("preferredauthentications"),
    gssapiAuthentication: yes("gssapiauthentication"),
    pkcs11Provider: text("pkcs11provider"),
    securityKeyProvider: provider?.startsWith("$") === true
      ? Option.getOrUndefined(yield* machine.environment(provider.slice(1)))
      : provider,
    userKnownHostsFiles,
    globalKnownHostsFiles,
    revokedHostKeys: text("revokedhostkeys"),
    strictHostKeyChecking: oneOf(strictness, first("stricthostkeychecking"), "ask"),
    hashKnownHosts: yes("hashknownhosts"),
    checkHostIp: yes("checkhostip"),
    noHostAuthenticationForLocalhost: yes("nohostauthenticationforlocalhost"),
    hostKeyAlgorithms: text("hostkeyalgorithms"),
    kexAlgorithms: text("kexalgorithms"),
    ciphers: text("ciphers"),
    macs: text("macs"),
    proxyJump,
    proxyCommand,
    addressFamily: oneOf(families, first("addressfamily"), "any"),
    bindAddress: text("bindaddress"),
    compression: yes("compression"),
    connectTimeout: connectTimeout === 0 ? undefined : connectTimeout,
    serverAliveInterval: number("serveraliveinterval", 0),
    serverAliveCountMax: number("serveralivecountmax", 3),
    setEnv: assignments(all("setenv"))
  } satisfies ConstructorParameters<typeof ResolvedHost>[0]
})
