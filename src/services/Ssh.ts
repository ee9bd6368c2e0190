/**
 * The one port to the network: connections to hosts, shared by everything that uses them.
 *
 * @since 0.1.0
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Asking from "../internal/asking.ts"
import * as connectionMetrics from "../internal/connectionMetrics.ts"
import * as liveMap from "../internal/liveMap.ts"
import * as managerConnection from "../internal/managerConnection.ts"
import * as opensshTransport from "../internal/opensshTransport.ts"
import * as sharedSessions from "../internal/sharedSessions.ts"
import type { Settings } from "../internal/ssh2Handshake.ts"
import * as ssh2Hops from "../internal/ssh2Hops.ts"
import * as ssh2LockedKey from "../internal/ssh2LockedKey.ts"
import * as ssh2Transport from "../internal/ssh2Transport.ts"
import { jumpsTo } from "../internal/sshJumps.ts"
import type { Ask } from "./AuthQuestion.ts"
import { type Host, isManager } from "./Host.ts"
import { needsOpenSsh, type ResolvedHost, SshConfig } from "./SshConfig.ts"
import type { SessionFiles, SshConnection } from "./SshConnection.ts"
import { SshConfigError, type SshError } from "./SshError.ts"

/**
 * Connections to hosts. `connect` gives the one connection that a host has; it closes when its last user's scope does (and
 * an idle time has passed). The machine that runs this program answers under `Host.manager`.
 *
 * @since 0.1.0
 * @category tags
 */
export class Ssh extends Context.Tag("lazycluster/Ssh")<Ssh, {
  readonly connect: (host: Host) => Effect.Effect<SshConnection, SshError | SshConfigError, Scope.Scope>
}>() {}

/**
 * One TCP connection to a host, as a transport opens it: `exec` fails with `ChannelRefused` when the server's sessions are
 * used up, and `listen` on a Unix socket may leave its file, as sshd does: the service removes it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Transport extends Omit<SshConnection, "exec" | "files" | "anchor" | "aside" | "transports"> {
  readonly exec: (
    invocation: Parameters<SshConnection["exec"]>[0]
  ) => ReturnType<SshConnection["exec"]>
  readonly files: Effect.Effect<SessionFiles, SshError, Scope.Scope>
}

/**
 * How a transport reaches a host. `connect` is the service itself, for hosts that are reached through other hosts.
 *
 * @since 0.1.0
 * @category models
 */
export type Open = (
  host: Host,
  connect: Ssh["Type"]["connect"]
) => Effect.Effect<Transport, SshError | SshConfigError, Scope.Scope>

/**
 * The service over a transport: connections shared by host, sessions kept within the server's limit.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function*(options: {
  readonly open: Open
  readonly manager: SshConnection
  /** How long a connection without users stays open. Default: not at all. */
  readonly idleTimeToLive?: Duration.DurationInput | undefined
}) {
  const open = (host: Host) =>
    options.open(host, connect).pipe(
      Effect.tap((transport) => connectionMetrics.watch(host.alias, transport.lost)),
      Effect.withSpan("Ssh.open", { kind: "client", attributes: { host: host.alias } })
    )
  const connections: (host: Host) => Effect.Effect<SshConnection, SshError | SshConfigError, Scope.Scope> =
    yield* liveMap.make({
      lookup: (host: Host) => sharedSessions.make(host, open(host)),
      gone: (connection) => connection.lost,
      idleTimeToLive: options.idleTimeToLive
    })
  const connect: Ssh["Type"]["connect"] = Effect.fn("Ssh.connect", { kind: "client" })(function*(host: Host) {
    yield* Effect.annotateCurrentSpan("host", host.alias)
    return isManager(host) ? options.manager : yield* connections(host)
  })
  return Ssh.of({ connect })
})

/**
 * What the live layer may be told.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * What to do with a host key that is not in known_hosts, where the ssh config does not accept it (`StrictHostKeyChecking
   * no` counts as `accept-new`). Default `refuse`; a changed key is refused always.
   */
  readonly hostKeys?: "refuse" | "accept-new" | undefined
  /** For the whole way to a host, unless its ssh config says otherwise. Default 10 seconds. */
  readonly connectTimeout?: Duration.DurationInput | undefined
  /** A link that answers none of three of these has gone. ServerAliveInterval of the ssh config wins. Default 10 seconds. */
  readonly keepalive?: Duration.DurationInput | undefined
  /** How long a connection without users stays open. Default: not at all. */
  readonly idleTimeToLive?: Duration.DurationInput | undefined
  /**
   * Answers what hosts ask and what encrypted keys need, where the host itself does not have it. Time spent on an answer does
   * not count for `connectTimeout`; without one within `askTimeout` (default 2 minutes) it is given up.
   */
  readonly ask?: Ask | undefined
  readonly askTimeout?: Duration.DurationInput | undefined
  /**
   * What speaks to hosts: `ssh2` in this process, `openssh` for OpenSSH's own client, or `auto`, the default: ssh2, but
   * OpenSSH's client for hosts whose ssh config names means that ssh2 lacks (`SshConfig.needsOpenSsh`).
   */
  readonly transport?: "auto" | "ssh2" | "openssh" | undefined
  /** OpenSSH's client, by name or path. Default `ssh`. */
  readonly openSshProgram?: string | undefined
}

/** Until it would fail with a word that helps nobody. */
const refuseOthers = (resolved: ResolvedHost, why: string): Effect.Effect<void, SshConfigError> =>
  Option.match(needsOpenSsh(resolved), {
    onNone: () => Effect.void,
    onSome: (means) =>
      new SshConfigError({
        reason: "Unsupported",
        host: resolved.host.alias,
        detail: `${means}, which ssh2 cannot do, and ${why}`,
        hint: "use Ssh.layerOpenSsh, or the option transport: \"auto\" or \"openssh\" of Ssh.layer"
      })
  })

/**
 * The service over real connections, as the user's ssh config describes the hosts.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<Ssh, never, SshConfig | FileSystem.FileSystem> =>
  Layer.scoped(
    Ssh,
    Effect.gen(function*() {
      const { file, resolve } = yield* SshConfig
      const fileSystem = yield* FileSystem.FileSystem
      const settings: Settings = {
        acceptNew: options.hostKeys === "accept-new",
        recording: yield* Effect.makeSemaphore(1),
        asking: yield* Asking.make({ ask: options.ask, patience: options.askTimeout ?? "2 minutes" }),
        unlocked: yield* ssh2LockedKey.none,
        connectTimeout: Duration.decode(options.connectTimeout ?? "10 seconds"),
        keepalive: Duration.decode(options.keepalive ?? "10 seconds")
      }
      const transport = options.transport ?? "auto"
      const dial = yield* ssh2Hops.make({
        resolve,
        connect: (host) => service.connect(host),
        open: (resolved, through) =>
          refuseOthers(resolved, "a jump host behind another one is reached with ssh2").pipe(
            Effect.zipRight(ssh2Transport.open(resolved, settings, through)),
            Effect.provideService(FileSystem.FileSystem, fileSystem)
          )
      })
      const overSsh2 = (resolved: ResolvedHost) =>
        jumpsTo(resolved, resolve).pipe(
          Effect.zipRight(refuseOthers(resolved, `transport is "ssh2"`)),
          Effect.zipRight(ssh2Transport.open(resolved, settings, dial)),
          Effect.provideService(FileSystem.FileSystem, fileSystem)
        )
      const overOpenSsh = (host: Host, resolved: ResolvedHost | undefined) =>
        Effect.gen(function*() {
          const jumps = resolved === undefined ? [] : yield* jumpsTo(resolved, resolve)
          return yield* opensshTransport.open({ host, resolved, jumps }, {
            ...settings,
            program: options.openSshProgram ?? "ssh",
            configFile: Option.getOrUndefined(yield* file)
          })
        })
      const open = (host: Host) =>
        Effect.matchEffect(resolve(host), {
          // What we cannot do with a config, OpenSSH can.
          onFailure: (error) =>
            error.reason === "Unsupported" && transport !== "ssh2" ? overOpenSsh(host, undefined) : Effect.fail(error),
          onSuccess: (resolved) =>
            transport === "openssh" || (transport === "auto" && Option.isSome(needsOpenSsh(resolved)))
              ? overOpenSsh(host, resolved)
              : overSsh2(resolved)
        })
      const service: Ssh["Type"] = yield* make({
        open,
        manager: yield* managerConnection.make(),
        idleTimeToLive: options.idleTimeToLive
      })
      return service
    })
  )

/**
 * The same over OpenSSH's own client for every host: certificates, Kerberos and security keys, hosts known by an authority,
 * and each option of the ssh config, as `ssh` itself has them. It needs `ssh` on this machine, nothing more on the hosts.
 *
 * @since 0.1.0
 * @category layers
 * @example
 * import { Ssh, SshConfig } from "lazycluster"
 * import { NodeContext } from "@effect/platform-node"
 * import { Layer } from "effect"
 *
 * const live = Ssh.layerOpenSsh({ keepalive: "5 seconds" }).pipe(
 *   Layer.provideMerge(SshConfig.layer()),
 *   Layer.provide(NodeContext.layer)
 * )
 */
export const layerOpenSsh = (
  options: Omit<Options, "transport"> = {}
): Layer.Layer<Ssh, never, SshConfig | FileSystem.FileSystem> => layer({ ...options, transport: "openssh" })
