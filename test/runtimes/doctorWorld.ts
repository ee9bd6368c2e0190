/** Hosts in memory, and an ssh config that names them. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Host from "../../src/services/Host.ts"
import { ResolvedHost, SshConfig } from "../../src/services/SshConfig.ts"
import { SshConfigError } from "../../src/services/SshError.ts"
import type { HostOptions } from "../../src/testing/InMemoryHost.ts"
import * as InMemorySsh from "../../src/testing/InMemorySsh.ts"

/** What a config says that gives a host nothing but its name. */
export const resolved = (host: Host.Host, more: Partial<ConstructorParameters<typeof ResolvedHost>[0]> = {}) =>
  ResolvedHost.make({
    host,
    hostName: host.alias,
    port: 22,
    user: "ada",
    identityFiles: [],
    identitiesConfigured: false,
    certificateFiles: [],
    certificatesBeside: [],
    securityKeys: [],
    identitiesOnly: false,
    pubkeyAuthentication: true,
    passwordAuthentication: true,
    kbdInteractiveAuthentication: true,
    numberOfPasswordPrompts: 3,
    gssapiAuthentication: false,
    userKnownHostsFiles: [],
    globalKnownHostsFiles: [],
    strictHostKeyChecking: "ask",
    hashKnownHosts: false,
    checkHostIp: false,
    noHostAuthenticationForLocalhost: false,
    proxyJump: [],
    addressFamily: "any",
    compression: false,
    serverAliveInterval: 0,
    serverAliveCountMax: 3,
    setEnv: {},
    ...more
  })

/** The config; a host named `broken` is at a line that cannot be understood. */
export const config = (
  aliases: ReadonlyArray<string>,
  say: (alias: string) => Partial<ConstructorParameters<typeof ResolvedHost>[0]> = () => ({})
) =>
  Layer.mock(SshConfig, {
    aliases: Effect.succeed(aliases),
    file: Effect.succeedNone,
    resolve: (host) =>
      host.alias === "broken"
        ? new SshConfigError({
          reason: "Syntax",
          host: host.alias,
          detail: "/home/ada/.ssh/config:3: Port wants a number",
          hint: "correct that line"
        })
        : Effect.succeed(resolved(host, say(host.alias)))
  })

export const world = (
  hosts: ReadonlyArray<string | HostOptions>,
  say?: Parameters<typeof config>[1],
  options?: InMemorySsh.WorldOptions
) =>
  Layer.merge(
    InMemorySsh.layer(hosts, options),
    config(hosts.map((host) => typeof host === "string" ? host : host.alias), say)
  )
