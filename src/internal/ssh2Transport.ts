/**
 * One SSH connection over ssh2: the way there, and what runs over it.
 *
 * @since 0.1.0
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { Socket as TcpSocket } from "node:net"
import type { Duplex } from "node:stream"
import type { SFTPWrapper } from "ssh2"
import type { Host } from "../services/Host.ts"
import type { HostIdentity } from "../services/HostIdentity.ts"
import type { Transport } from "../services/Ssh.ts"
import type { ResolvedHost } from "../services/SshConfig.ts"
import { type SshConfigError, SshError } from "../services/SshError.ts"
import { canonical } from "./address.ts"
import * as Asking from "./asking.ts"
import { jumpError } from "./ssh2Errors.ts"
import * as Files from "./ssh2Files.ts"
import * as Forward from "./ssh2Forward.ts"
import * as Handshake from "./ssh2Handshake.ts"
import * as Process from "./ssh2Process.ts"
import * as Proxy from "./ssh2Proxy.ts"
import * as Socket from "./ssh2Socket.ts"
import { wayOf } from "./sshJumps.ts"

/**
 * Reaches an address through jump hosts, the nearest first.
 *
 * @internal
 */
export type Dial = (
  jumps: ReadonlyArray<Host>,
  to: { readonly address: string; readonly port: number }
) => Effect.Effect<Duplex, SshError | SshConfigError, Scope.Scope>

const socketTo = (
  resolved: ResolvedHost,
  through: Dial
): Effect.Effect<Duplex, SshError | SshConfigError, Scope.Scope> => {
  if (resolved.proxyJump.length > 0) {
    return through(resolved.proxyJump, { address: resolved.hostName, port: resolved.port }).pipe(
      Effect.catchTag("SshError", (error) => jumpError(resolved.host.alias, Socket.placeOf(resolved), error))
    )
  }
  return resolved.proxyCommand === undefined
    ? Socket.tcp(resolved)
    : Proxy.proxy(resolved.host.alias, resolved.proxyCommand)
}

/** What is connected by others is known by the name that they were given. */
const identity = (
  resolved: ResolvedHost,
  sock: Duplex,
  shown: Pick<HostIdentity, "hostKey" | "server" | "login">
): HostIdentity => ({
  ...shown,
  address: canonical((sock instanceof TcpSocket ? sock.remoteAddress : undefined) ?? resolved.hostName),
  port: resolved.port,
  user: resolved.user,
  through: wayOf(resolved)
})

const late = (resolved: ResolvedHost, duration: Duration.Duration): SshError => {
  const way = wayOf(resolved)
  return new SshError({
    reason: "Timeout",
    host: resolved.host.alias,
    step: "connect",
    detail: `${Socket.placeOf(resolved)} does not answer within ${Duration.format(duration)}${
      way === undefined ? "" : ` through \`${way}\``
    }`,
    hint: "is the host up, and does a firewall drop packets to it? ConnectTimeout in the ssh config waits longer"
  })
}

/**
 * Opens a connection. Its scope closes it.
 *
 * @internal
 */
export const open = (
  resolved: ResolvedHost,
  settings: Handshake.Settings,
  through: Dial
): Effect.Effect<Transport, SshError | SshConfigError, Scope.Scope | FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const sock = yield* socketTo(resolved, through)
    const { link, ...shown } = yield* Handshake.make(resolved, sock, settings)
    return {
      host: resolved.host,
      lost: link.lost,
      sever: link.sever,
      identity: Effect.succeed(identity(resolved, sock, shown)),
      exec: (invocation) => Process.start(link, invocation),
      files: link.request<Files.Session>({
        step: "sftp",
        run: (done) =>
          link.client.sftp((cause, sftp: SFTPWrapper) =>
            cause === undefined ? done(undefined, Files.session(link, sftp)) : done(cause, undefined as never)
          ),
        discard: (session, done) => {
          session.end()
          done()
        }
      }).pipe(Effect.map((session) => session.files)),
      dial: Forward.dial(link),
      listen: Forward.listen(link)
    } satisfies Transport
  }).pipe((opening) => {
    const duration = resolved.connectTimeout === undefined
      ? settings.connectTimeout
      : Duration.seconds(resolved.connectTimeout)
    return Asking.within(opening, settings.asking, {
      duration,
      // A jump host may be asking too.
      concerns: (alias) => alias === resolved.host.alias || resolved.proxyJump.length > 0,
      late: () => late(resolved, duration)
    })
  })
