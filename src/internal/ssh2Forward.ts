/**
 * Ports forwarded over a connection, in both directions.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Duplex } from "node:stream"
import type { ClientChannel } from "ssh2"
import type { Address, Listener } from "../services/SshConnection.ts"
import { SshError } from "../services/SshError.ts"
import { asSocket } from "./ssh2Channel.ts"
import type { Link } from "./ssh2Link.ts"

/** As many connections wait to be taken as a kernel lets wait. */
const waiting = 511

/**
 * Connects to an address as the host sees it.
 *
 * @internal
 */
export const dial =
  (link: Link) => ({ address = "127.0.0.1", port }: Address): Effect.Effect<Duplex, SshError, Scope.Scope> =>
    link.request<ClientChannel>({
      step: "dial",
      run: (done) =>
        link.client.forwardOut(
          "127.0.0.1",
          0,
          address,
          port,
          (cause, channel) => cause === undefined ? done(undefined, asSocket(link, channel)) : done(cause, channel)
        ),
      discard: (channel, done) => {
        channel.destroy()
        done()
      }
    })

const forbidden = (host: string, at: string) =>
  new SshError({
    reason: "ForwardRefused",
    host,
    step: "listen",
    detail: `the server does not let us listen on ${at}`,
    hint: "does sshd allow it (AllowTcpForwarding, PermitListen)?"
  })

const taken = (host: string, at: string, port: number) =>
  new SshError({
    reason: "PortInUse",
    host,
    step: "listen",
    detail: `${at} cannot be bound`,
    hint: `see who holds it: ssh ${host} ss -ltnp 'sport = :${port}'`
  })

/**
 * Listens on the host. To be made once for a link.
 *
 * @internal
 */
export const listen = (link: Link) => {
  const { client, host } = link
  const takers = new Map<string, (channel: Duplex) => boolean>()
  client.on("tcp connection", (info, accept, reject) => {
    const take = takers.get(`${info.destIP}:${info.destPort}`)
    if (take === undefined) return reject()
    const channel = asSocket(link, accept())
    if (!take(channel)) channel.destroy()
  })

  const bind = (address: string, port: number, take: (channel: Duplex) => boolean) =>
    link.request<number>({
      step: "listen",
      run: (done) =>
        client.forwardIn(address, port, (cause, bound) => {
          // In this very turn: the first connection may be in the same packet.
          if (cause === undefined) takers.set(`${address}:${bound}`, take)
          done(cause, bound)
        }),
      discard: (bound, done) => {
        takers.delete(`${address}:${bound}`)
        client.unforwardIn(address, bound, () => done())
      }
    })

  /** The server does not say why it refuses a port: whether it would give any tells. */
  const refusal = (address: string, port: number): Effect.Effect<SshError> => {
    const at = port === 0 ? `any port of ${address}` : `${address}:${port}`
    return port === 0 ? Effect.succeed(forbidden(host, at)) : Effect.scoped(bind(address, 0, () => false)).pipe(
      Effect.match({
        onFailure: (error) => error.reason === "LinkLost" ? error : forbidden(host, at),
        onSuccess: () => taken(host, at, port)
      })
    )
  }

  return ({ address = "127.0.0.1", port }: Address): Effect.Effect<Listener, SshError, Scope.Scope> =>
    Effect.gen(function*() {
      const arrivals = yield* Effect.acquireRelease(
        Queue.dropping<Duplex>(waiting),
        (queue) =>
          // Those that nobody took have nobody to close them.
          Effect.zipRight(
            Effect.map(Queue.takeAll(queue), (channels) => Array.from(channels, (channel) => channel.destroy())),
            Queue.shutdown(queue)
          )
      )
      const bound = yield* bind(address, port, (channel) => Queue.unsafeOffer(arrivals, channel)).pipe(
        Effect.catchIf(
          (error) => error.reason !== "LinkLost",
          () => Effect.flatMap(refusal(address, port), Effect.fail)
        )
      )
      return {
        port: bound,
        connections: Stream.merge(Stream.fromQueue(arrivals), Stream.fromEffect(link.lost), { haltStrategy: "left" })
      }
    })
}
