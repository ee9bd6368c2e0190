/** Asks the real `ssh -G` and our resolver the same question, and puts both answers in one form. */
import { type CommandExecutor, FileSystem, type Path } from "@effect/platform"
import { Effect } from "effect"
import { spawnSync } from "node:child_process"
import { userInfo } from "node:os"
import { Host } from "../../src/services/Host.ts"
import * as SshConfig from "../../src/services/SshConfig.ts"

/** OpenSSH takes `~` from the user list, whatever HOME says. */
export const home = userInfo().homedir

export const isInstalled = spawnSync("ssh", ["-V"]).status === 0

export interface Case {
  readonly config: string
  readonly host?: string
  readonly user?: string
  readonly port?: number
  /** Further files, named by what replaces `DIR/` in the config. */
  readonly files?: Readonly<Record<string, string>>
}

const yes = (value: string | undefined) => value === "yes" || value === "true"

const asked = ["id_ed25519", "id_ecdsa", "id_rsa"].map((name) => `~/.ssh/${name}`)

/** The tokens that cases use, done by hand. */
const expand = (text: string, facts: Readonly<Record<string, string>>) =>
  text.replace(/^~(?=\/)/, home).replace(/%(.)/g, (_, key: string) => key === "%" ? "%" : facts[key] ?? `%${key}`)

const fromOpenssh = (output: string, host: string) => {
  const all = new Map<string, Array<string>>()
  for (const line of output.trim().split("\n")) {
    const at = line.indexOf(" ")
    const key = line.slice(0, at)
    all.set(key, [...(all.get(key) ?? []), line.slice(at + 1)])
  }
  const get = (key: string) => all.get(key)?.[0]
  const facts = {
    h: get("hostname") ?? "",
    n: host,
    p: get("port") ?? "",
    r: get("user") ?? "",
    u: userInfo().username,
    d: home,
    k: get("hostkeyalias") ?? host
  }
  const identities = all.get("identityfile") ?? []
  const configured = !asked.every((path) => identities.includes(path))
  const listed = (key: string) => (all.get(key) ?? []).filter((value) => value !== "none").join(" ")
  const strict = get("stricthostkeychecking")
  const agent = get("identityagent")
  return {
    hostName: get("hostname"),
    port: Number(get("port")),
    user: get("user"),
    hostKeyAlias: get("hostkeyalias"),
    identities: configured
      ? identities.filter((path) => path !== "none").map((path) => expand(path, facts))
      : "default",
    certificates: (all.get("certificatefile") ?? []).map((path) => expand(path, facts)),
    identitiesOnly: yes(get("identitiesonly")),
    agent: agent === undefined || agent.startsWith("$") || agent === "SSH_AUTH_SOCK" ? "environment" : agent,
    proxyJump: get("proxyjump") ?? "",
    proxyCommand: get("proxycommand") === undefined ? undefined : expand(get("proxycommand") ?? "", facts),
    userKnownHosts: listed("userknownhostsfile"),
    globalKnownHosts: listed("globalknownhostsfile"),
    strict: strict === "true" ? "yes" : strict === "false" ? "no" : strict,
    hash: yes(get("hashknownhosts")),
    checkIp: yes(get("checkhostip")),
    compression: yes(get("compression")),
    family: get("addressfamily"),
    bind: get("bindaddress"),
    connectTimeout: ["none", "0"].includes(get("connecttimeout") ?? "none") ? undefined : Number(get("connecttimeout")),
    interval: Math.max(0, Number(get("serveraliveinterval"))),
    count: Number(get("serveralivecountmax")),
    environment: (all.get("setenv") ?? []).toSorted()
  }
}

export type Answer = ReturnType<typeof fromOpenssh> | "refused"

const jumpText = (hop: Host) =>
  `${hop.user === undefined ? "" : `${hop.user}@`}${/:|^[\d.]+$/.test(hop.alias) ? `[${hop.alias}]` : hop.alias}${
    hop.port === undefined ? "" : `:${hop.port}`
  }`

const fromOurs = (resolved: SshConfig.ResolvedHost, agent: string | undefined): Answer => ({
  hostName: resolved.hostName,
  port: resolved.port,
  user: resolved.user,
  hostKeyAlias: resolved.hostKeyAlias,
  identities: resolved.identitiesConfigured ? resolved.identityFiles : "default",
  certificates: resolved.certificateFiles,
  identitiesOnly: resolved.identitiesOnly,
  agent: resolved.identityAgent === agent ? "environment" : resolved.identityAgent ?? "",
  proxyJump: resolved.proxyJump.map(jumpText).join(","),
  proxyCommand: resolved.proxyCommand,
  userKnownHosts: resolved.userKnownHostsFiles.join(" "),
  globalKnownHosts: resolved.globalKnownHostsFiles.join(" "),
  strict: resolved.strictHostKeyChecking,
  hash: resolved.hashKnownHosts,
  checkIp: resolved.checkHostIp,
  compression: resolved.compression,
  family: resolved.addressFamily,
  bind: resolved.bindAddress,
  connectTimeout: resolved.connectTimeout,
  interval: resolved.serverAliveInterval,
  count: resolved.serverAliveCountMax,
  environment: Object.entries(resolved.setEnv).map(([name, value]) => `${name}=${value}`).toSorted()
} as Answer)

/** Both answers to one case: OpenSSH's and ours. */
export const both = (test: Case): Effect.Effect<
  { readonly openssh: Answer; readonly ours: Answer; readonly error: string | undefined; readonly stderr: string },
  never,
  FileSystem.FileSystem | Path.Path | CommandExecutor.CommandExecutor
> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const directory = yield* fs.makeTempDirectoryScoped({ prefix: "lc-config-" })
    const placed = (text: string) => text.replaceAll("DIR/", `${directory}/`)
    for (const [name, text] of Object.entries({ ...test.files, config: test.config })) {
      if (name.includes("/")) {
        yield* fs.makeDirectory(`${directory}/${name.slice(0, name.lastIndexOf("/"))}`, { recursive: true })
      }
      yield* fs.writeFileString(`${directory}/${name}`, placed(text), { mode: 0o600 })
    }
    const file = `${directory}/config`
    const host = test.host ?? "box"
    const asked = spawnSync("ssh", [
      "-G",
      "-F",
      file,
      ...(test.port === undefined ? [] : ["-p", String(test.port)]),
      ...(test.user === undefined ? [] : ["-l", test.user]),
      host
    ], { encoding: "utf8" })
    const config = yield* SshConfig.make({ file, home })
    const agent = process.env["SSH_AUTH_SOCK"]
    const resolved = yield* Effect.either(
      config.resolve(
        Host.make({
          alias: host,
          ...(test.user === undefined ? {} : { user: test.user }),
          ...(test.port === undefined ? {} : { port: test.port })
        })
      )
    )
    return {
      openssh: asked.status === 0 ? fromOpenssh(asked.stdout, host) : "refused",
      stderr: asked.stderr,
      ours: resolved._tag === "Right" ? fromOurs(resolved.right, agent) : "refused",
      error: resolved._tag === "Left" ? resolved.left.message : undefined
    } as const
  }).pipe(Effect.scoped, Effect.orDie)
