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
import type * as Scope from "effect/Scope"
import * as liveMap from "../internal/liveMap.ts"
import * as managerConnection from "../internal/managerConnection.ts"
import * as sharedSessions from "../internal/sharedSessions.ts"
import type { Settings } from "../internal/ssh2Handshake.ts"
import * as ssh2Hops from "../internal/ssh2Hops.ts"
import * as ssh2Transport from "../internal/ssh2Transport.ts"
import { type Host, isManager } from "./Host.ts"
import { SshConfig } from "./SshConfig.ts"
import type { SshConnection } from "./SshConnection.ts"
import type { SshConfigError, SshError } from "./SshError.ts"

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
export interface Transport extends Omit<SshConnection, "exec" | "anchor" | "aside" | "transports"> {
  readonly exec: (
    invocation: Parameters<SshConnection["exec"]>[0]
  ) => ReturnType<SshConnection["exec"]>
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
  const connections: (host: Host) => Effect.Effect<SshConnection, SshError | SshConfigError, Scope.Scope> =
    yield* liveMap.make({
      lookup: (host: Host) => sharedSessions.make(host, options.open(host, connect)),
      gone: (connection) => connection.lost,
      idleTimeToLive: options.idleTimeToLive
    })
  const connect: Ssh["Type"]["connect"] = Effect.fn("Ssh.connect", { kind: "client" })(function*(host: Host) {
    yield* Effect.annotateCurrentSpan("ssh.host", host.alias)
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
}

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
      const { resolve } = yield* SshConfig
      const fileSystem = yield* FileSystem.FileSystem
      const settings: Settings = {
        acceptNew: options.hostKeys === "accept-new",
        recording: yield* Effect.makeSemaphore(1),
        connectTimeout: Duration.decode(options.connectTimeout ?? "10 seconds"),
        keepalive: Duration.decode(options.keepalive ?? "10 seconds")
      }
      const hops = yield* ssh2Hops.make({
        resolve,
        connect: (host) => service.connect(host),
        open: (resolved, through) =>
          Effect.provideService(ssh2Transport.open(resolved, settings, through), FileSystem.FileSystem, fileSystem)
      })
      const service: Ssh["Type"] = yield* make({
        open: (host) =>
          resolve(host).pipe(
            Effect.tap((resolved) => hops.refuseCircle(resolved)),
            Effect.flatMap((resolved) => ssh2Transport.open(resolved, settings, hops.dial)),
            Effect.provideService(FileSystem.FileSystem, fileSystem)
          ),
        manager: yield* managerConnection.make(),
        idleTimeToLive: options.idleTimeToLive
      })
      return service
    })
  )
