/**
 * Ports and Unix sockets forwarded over a connection, in both directions.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Duplex } from "node:stream"
import type { ClientChannel } from "ssh2"
import type { Address, Listener, SocketAddress, TcpAddress } from "../services/SshConnection.ts"
import { SshError } from "../services/SshError.ts"
import * as arrivals from "./arrivals.ts"
import * as socketPath from "./socketPath.ts"
import { asSocket } from "./ssh2Channel.ts"
import type { Link } from "./ssh2Link.ts"

/**
 * Servers seldom say what it was that they could not reach.
 *
 * @internal
 */
export const about = (to: Address) => (error: SshError): SshError =>
  error.reason === "LinkLost" || error.detail.includes(socketPath.render(to)) ? error : new SshError({
    ...error,
    detail: `${socketPath.render(to)}: ${error.detail === "" ? "refused" : error.detail}`
  })

/**
 * Connects to an address as the host sees it.
 *
 * @internal
 */
export const dial = (link: Link) => (to: Address): Effect.Effect<Duplex, SshError, Scope.Scope> => {
  const opened = link.request<ClientChannel>({
    step: "dial",
    run: (done) => {
      const opened = (cause: Error | undefined, channel: ClientChannel) =>
        cause === undefined ? done(undefined, asSocket(link, channel)) : done(cause, channel)
      if (socketPath.isSocket(to)) link.client.openssh_forwardOutStreamLocal(to.path, opened)
      else link.client.forwardOut("127.0.0.1", 0, to.address ?? "127.0.0.1", to.port, opened)
    },
    discard: (channel, done) => {
      channel.destroy()
      done()
    }
  })
  const dialled = Effect.mapError(opened, about(to))
  return socketPath.isSocket(to) ? Effect.zipRight(socketPath.check(link.host, "dial", to), dialled) : dialled
}

/** @internal */
export const forbidden = (host: string, at: string, option: string) =>
  new SshError({
    reason: "ForwardForbidden",
    host,
    step: "listen",
    detail: `the server does not let us listen on ${at}`,
    hint: `does sshd allow it (${option})?`
  })

/** @internal */
export const taken = (host: string, at: string, port: number) =>
  new SshError({
    reason: "PortInUse",
    host,
    step: "listen",
    detail: `${at} cannot be bound`,
    hint: `see who holds it: ssh ${host} ss -ltnp 'sport = :${port}'`
  })

type Take = (channel: Duplex) => boolean

const keyOf = (address: string, port: number) => `${address}:${port}`

/**
 * Listens on the host. To be made once for a link.
 *
 * @internal
 */
export const listen = (link: Link) => {
  const { client, host } = link
  /** By address and port, or by path. */
  const takers = new Map<string, Take>()
  const arrived = (key: string, accept: () => ClientChannel, reject: () => void) => {
    const take = takers.get(key)
    if (take === undefined) return reject()
    const channel = asSocket(link, accept())
    if (!take(channel)) channel.destroy()
  }
  client.on(
    "tcp connection",
    (info, accept, reject) => arrived(keyOf(info.destIP, info.destPort), accept, reject)
  )
  // The types of ssh2 know less of this channel than of the other; it is the same.
  client.on(
    "unix connection",
    (info, accept, reject) => arrived(info.socketPath, accept as () => ClientChannel, reject)
  )

  const bindPort = (address: string, port: number, take: Take) =>
    link.request<number>({
      step: "listen",
      run: (done) =>
        client.forwardIn(address, port, (cause, bound) => {
          // In this very turn: the first connection may be in the same packet.
          if (cause === undefined) takers.set(keyOf(address, bound), take)
          done(cause, bound)
        }),
      discard: (bound, done) => {
        takers.delete(keyOf(address, bound))
        client.unforwardIn(address, bound, () => done())
      }
    })

  const bindSocket = (path: string, take: Take) =>
    link.request<number>({
      step: "listen",
      run: (done) =>
        client.openssh_forwardInStreamLocal(path, (cause) => {
          if (cause === undefined || cause === null) takers.set(path, take)
          done(cause ?? undefined, 0)
        }),
      discard: (_, done) => {
        takers.delete(path)
        client.openssh_unforwardInStreamLocal(path, () => done())
      }
    })

  /** The server does not say why it refuses a port: whether it would give any tells. */
  const refusal = (address: string, port: number): Effect.Effect<SshError> => {
    const rules = "AllowTcpForwarding, PermitListen"
    if (port === 0) return Effect.succeed(forbidden(host, `any port of ${address}`, rules))
    const at = `${address}:${port}`
    return Effect.scoped(bindPort(address, 0, () => false)).pipe(
      Effect.match({
        onFailure: (error) => error.reason === "LinkLost" ? error : forbidden(host, at, rules),
        onSuccess: () => taken(host, at, port)
      })
    )
  }

  const unlessLost = (refusal: Effect.Effect<SshError>) => (bound: Effect.Effect<number, SshError, Scope.Scope>) =>
    Effect.catchIf(bound, ({ reason }) => reason !== "LinkLost", () => Effect.flatMap(refusal, Effect.fail))

  const onPort = ({ address = "127.0.0.1", port }: TcpAddress, take: Take) =>
    unlessLost(refusal(address, port))(bindPort(address, port, take))

  const onSocket = (at: SocketAddress, take: Take) =>
    Effect.zipRight(
      socketPath.check(host, "listen", at),
      unlessLost(
        Effect.succeed(forbidden(host, at.path, "AllowStreamLocalForwarding, and AllowTcpForwarding counts too"))
      )(
        bindSocket(at.path, take)
      )
    )

  return (at: Address): Effect.Effect<Listener, SshError, Scope.Scope> =>
    Effect.gen(function*() {
      const { offer, taken } = yield* arrivals.until(link.lost)
      const port = yield* socketPath.isSocket(at) ? onSocket(at, offer) : onPort(at, offer)
      return { port, connections: taken }
    })
}
