/**
 * Real SSH servers inside this process, on loopback: hosts for tests, examples and trials, without root and without sshd.
 * Any SSH client reaches them, each host has a home directory of its own, and nothing of them stays.
 *
 * Commands run on this machine, as the user who runs this program. Only the key made for the run is let in, and the
 * users that are named; nothing listens elsewhere than on loopback. Who gets in can do what that user can do.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as files from "./internal/sandboxFiles.ts"
import * as janitor from "./internal/sandboxJanitor.ts"
import * as server from "./internal/sandboxServer.ts"
import * as terminals from "./internal/sandboxTerminal.ts"
import { SandboxError } from "./SandboxError.ts"
import type { SandboxUser } from "./SandboxUser.ts"

/**
 * How a Sandbox is made.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** How many hosts, named `host-1`, `host-2` …, or their names. Default 3. */
  readonly hosts?: number | ReadonlyArray<string> | undefined
  /** Sessions that a connection may hold, as sshd's `MaxSessions`. Default 10. */
  readonly maxSessions?: number | undefined
  /** Where the directory of the Sandbox is made. Default: the directory for temporary files. */
  readonly directory?: string | undefined
  /** `XDG_CACHE_HOME` of the hosts. Default: that of this program, so that packages are fetched once. */
  readonly cache?: string | undefined
  /** An interpreter that the hosts find as `python3`. Default: what their `PATH`, that of this program, holds. */
  readonly python?: string | undefined
  /** Connections that may be logging in at one time, as sshd's `MaxStartups`. Default 100. */
  readonly maxStartups?: number | undefined
  /** Until when a connection must have logged in, as sshd's `LoginGraceTime`. Default 2 minutes. */
  readonly loginGraceTime?: Duration.DurationInput | undefined
  /** Variables that a client may set, as sshd's `AcceptEnv`. Default `["LANG", "LC_*"]`. */
  readonly acceptEnv?: ReadonlyArray<string> | undefined
  /** Whether ports may be forwarded, as sshd's `AllowTcpForwarding`: `local` with `-L` only. Default `true`. */
  readonly allowTcpForwarding?: boolean | "local" | "remote" | undefined
  /** Whether Unix sockets may be forwarded, as sshd's `AllowStreamLocalForwarding`. Default `true`. */
  readonly allowStreamLocalForwarding?: boolean | "local" | "remote" | undefined
  /** What may be reached through a host, `host:port` or `host:*`, as sshd's `PermitOpen`. Default: everything. */
  readonly permitOpen?: ReadonlyArray<string> | undefined
  /** Whether a key in `.ssh/authorized_keys` of a host's home lets its users in. Default `false`. */
  readonly authorizedKeys?: boolean | undefined
  /** Who else may log in, and how. One with the name of the user who runs this program takes the place of that. */
  readonly users?: ReadonlyArray<SandboxUser> | undefined
  /** Failed tries to log in until a connection is ended, as sshd's `MaxAuthTries`. Default 6. */
  readonly maxAuthTries?: number | undefined
  /** Where hosts listen. Default `127.0.0.1`. */
  readonly address?: "127.0.0.1" | "::1" | undefined
  /** Variables added to the environment of every host. */
  readonly env?: Readonly<Record<string, string>> | undefined
}

/**
 * A host of a Sandbox.
 *
 * @since 0.1.0
 * @category models
 */
export interface SandboxHost {
  readonly alias: string
  /** On 127.0.0.1, or on the address that was asked for. */
  readonly port: number
  readonly home: string
  /** `ssh-ed25519 AAAA…` */
  readonly hostKey: string
  /** TCP connections that were accepted so far. */
  readonly connections: Effect.Effect<number>
  /** Destroys every connection, as if sshd had been restarted; processes live on. */
  readonly cut: Effect.Effect<void>
  /** Neither reads nor writes any more, as if every packet was lost. New connections are accepted and hear nothing. */
  readonly stall: Effect.Effect<void>
  /** Ends a stall; what waited on both sides is delivered. */
  readonly resume: Effect.Effect<void>
  /** Each chunk takes so long, in each direction. */
  readonly latency: (duration: Duration.DurationInput) => Effect.Effect<void>
  /** Nothing listens on the port any more; connections that are open stay. */
  readonly refuse: Effect.Effect<void>
  /** Further connections see another host key: this one, as of `hostKey`. */
  readonly changeHostKey: Effect.Effect<string>
  /** Nobody is let in any more. */
  readonly failAuthentication: Effect.Effect<void>
  /** Takes back all of the faults above. Fails when another program has taken a port that was refused. */
  readonly restore: Effect.Effect<void, SandboxError>
}

/**
 * Hosts on this machine and the files with which a client reaches them.
 *
 * @since 0.1.0
 * @category tags
 */
export class Sandbox extends Context.Tag("lazycluster/Sandbox")<Sandbox, {
  readonly hosts: ReadonlyArray<SandboxHost>
  /** Can serve as the home directory of the manager: its `.ssh/config` is `configFile`. */
  readonly home: string
  readonly configFile: string
  readonly identityFile: string
  readonly knownHostsFile: string
}>() {}

const name = /^[A-Za-z0-9][A-Za-z0-9._-]*$/

const namesOf = (hosts: number | ReadonlyArray<string>): Effect.Effect<ReadonlyArray<string>, SandboxError> => {
  const names = typeof hosts === "number" ? Array.from({ length: hosts }, (_, index) => `host-${index + 1}`) : hosts
  const bad = names.find((alias, index) => !name.test(alias) || names.indexOf(alias) !== index)
  return bad === undefined ? Effect.succeed(names) : new SandboxError({
    reason: "InvalidHost",
    host: bad,
    step: "name the hosts",
    detail: `${JSON.stringify(bad)} is not a name, or comes twice`,
    hint: "names have letters, digits, dots, dashes and underscores"
  })
}

/**
 * Starts hosts. Closing the scope cuts every connection, kills what still runs on them and removes their files.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * import { Sandbox } from "lazycluster/testing"
 * import { Console, Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const sandbox = yield* Sandbox.make({ hosts: 2 })
 *   yield* Console.log(`ssh -F ${sandbox.configFile} host-1`)
 *   return yield* Effect.never
 * }).pipe(Effect.scoped)
 */
export const make: (options?: Options) => Effect.Effect<Sandbox["Type"], SandboxError, Scope.Scope> = Effect.fn(
  "Sandbox.make"
)(function*(options: Options = {}) {
  const names = yield* namesOf(options.hosts ?? 3)
  const directory = yield* files.makeDirectory(options.directory)
  yield* janitor.watch(directory)
  const user = yield* files.user
  const key = yield* files.makeKey
  const address = options.address ?? "127.0.0.1"
  const runKey = yield* files.toParsedKey(key)
  const users = options.users ?? []
  const logins = yield* Effect.forEach(
    users.some(({ name }) => name === user) ? users : [{ name: user }, ...users],
    (user: SandboxUser) =>
      Effect.map(Effect.forEach(user.publicKeys ?? [], files.toPublicKey), (keys) => ({
        user,
        keys: user.runKey === false ? keys : [runKey, ...keys]
      }))
  )
  const available = yield* terminals.available
  const start = Effect.fnUntraced(function*(alias: string) {
    const home = yield* files.makeHome(directory, alias)
    const hostKey = yield* files.makeKey
    const environment = yield* files.makeEnvironment({
      directory,
      home,
      user,
      cache: options.cache,
      python: options.python,
      env: options.env
    })
    const running = yield* server.listen({
      alias,
      home,
      environment,
      hostKey: hostKey.private,
      logins,
      maxAuthTries: options.maxAuthTries ?? 6,
      authorizedKeys: options.authorizedKeys === true ? `${home}/.ssh/authorized_keys` : undefined,
      address,
      maxSessions: options.maxSessions ?? 10,
      maxStartups: options.maxStartups ?? 100,
      loginGraceTime: Duration.toMillis(options.loginGraceTime ?? "2 minutes"),
      acceptEnv: options.acceptEnv ?? ["LANG", "LC_*"],
      terminals: available,
      forwarding: {
        ports: options.allowTcpForwarding ?? true,
        sockets: options.allowStreamLocalForwarding ?? true,
        open: options.permitOpen
      }
    })
    const { connections, cut, port, refuse, resume, stall } = running
    const host: SandboxHost = {
      alias,
      port,
      home,
      hostKey: hostKey.public,
      connections,
      cut,
      stall,
      resume,
      latency: (duration) => running.latency(Duration.toMillis(duration)),
      refuse,
      changeHostKey: Effect.gen(function*() {
        const key = yield* files.makeKey
        yield* running.showHostKey(key.private)
        return key.public
      }),
      failAuthentication: running.failAuthentication(true),
      restore: Effect.all([
        running.latency(0),
        resume,
        running.failAuthentication(false),
        running.showHostKey(hostKey.private),
        running.accept
      ], { discard: true })
    }
    return host
  })
  const hosts = yield* Effect.forEach(names, start)
  const client = yield* files.writeClientFiles({ directory, user, address, key, hosts })
  return { hosts, ...client }
})

/**
 * A Sandbox as a service.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options?: Options): Layer.Layer<Sandbox, SandboxError> => Layer.scoped(Sandbox, make(options))
