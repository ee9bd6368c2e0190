/**
 * One SSH connection to a host in memory, with both its ends: a cut cable leaves the server's end standing.
 *
 * @since 0.1.0
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type { Duplex } from "node:stream"
import { linkLost } from "../../internal/ssh2Errors.ts"
import type { SshError } from "../../services/SshError.ts"
import * as memoryDuplex from "./memoryDuplex.ts"
import type { MemoryHost } from "./memoryHost.ts"
import { wayTo } from "./memoryLan.ts"
import type { Way } from "./memoryWay.ts"

/** @internal */
export interface Link {
  /** Counted by host. */
  readonly number: number
  /** Fails when the client's end has gone. */
  readonly lost: Deferred.Deferred<never, SshError>
  /** What the server's process for this connection holds: channels and listening ports. */
  readonly server: Scope.CloseableScope
  /** Of its packets. */
  readonly way: Way
  /** What the client has dialled, or accepted from a listener. */
  readonly ends: Set<Duplex>
  /** Ends what the client listens to. */
  readonly heard: Set<Effect.Effect<void>>
  sessions: number
  clientOpen: boolean
  serverOpen: boolean
}

/** @internal */
export const make = Effect.fnUntraced(function*(host: MemoryHost) {
  const link: Link = {
    number: ++host.accepted,
    lost: yield* Deferred.make<never, SshError>(),
    server: yield* Scope.make(),
    way: wayTo(host),
    ends: new Set(),
    heard: new Set(),
    sessions: 0,
    clientOpen: true,
    serverOpen: true
  }
  host.links.add(link)
  return link
})

/**
 * The server's process for this connection ends: channels closed, ports free. The client hears of it if packets pass.
 *
 * @internal
 */
export const closeServer = (host: MemoryHost, link: Link): Effect.Effect<void> =>
  Effect.suspend(() => {
    if (!link.serverOpen) return Effect.void
    link.serverOpen = false
    return Effect.zipRight(
      Scope.close(link.server, Exit.void),
      link.way.isOpen() ? closeClient(host, link, true) : Effect.void
    ).pipe(Effect.zipRight(forget(host, link)))
  })

/**
 * The client's end goes: everything that it has open fails.
 *
 * @internal
 */
export const closeClient = (host: MemoryHost, link: Link, lost: boolean): Effect.Effect<void> =>
  Effect.suspend(() => {
    if (!link.clientOpen) return Effect.void
    link.clientOpen = false
    const error = linkLost(host.alias, "connection")
    link.ends.forEach((end) => memoryDuplex.destroy(end, lost ? error : undefined))
    return host.note({ _tag: "Disconnected", connection: link.number, lost }).pipe(
      Effect.zipRight(Deferred.fail(link.lost, error)),
      Effect.zipRight(Effect.forEach(link.heard, (leave) => leave, { discard: true })),
      Effect.zipRight(forget(host, link))
    )
  })

const forget = (host: MemoryHost, link: Link) =>
  Effect.sync(() => {
    if (!link.clientOpen && !link.serverOpen) host.links.delete(link)
  })

/**
 * The client closes; the server hears of it only if packets pass.
 *
 * @internal
 */
export const hangUp = (host: MemoryHost, link: Link, lost: boolean): Effect.Effect<void> =>
  Effect.zipRight(
    closeClient(host, link, lost),
    Effect.suspend(() => link.way.isOpen() ? closeServer(host, link) : Effect.void)
  )

/**
 * The way of a packet of so many bytes: the latency, and for as long as packets are dropped no further.
 *
 * @internal
 */
export const travel = (link: Link, bytes = 0): Effect.Effect<void, SshError> =>
  Effect.suspend(() => {
    if (!link.clientOpen) return Deferred.await(link.lost)
    return link.way.isFree(bytes) ? Effect.void : orLost(link, link.way.travel(bytes))
  })

/**
 * Packets may pass again: what the server closed meanwhile, the client hears now.
 *
 * @internal
 */
export const heard = (host: MemoryHost): Effect.Effect<void> =>
  Effect.forEach(
    [...host.links].filter((link) => !link.serverOpen && link.way.isOpen()),
    (link) => closeClient(host, link, true),
    { discard: true }
  )

/**
 * Waits no longer than the link lives. A race interrupts its loser, which must be possible in a region that is not
 * interruptible too: finalizers and acquisitions talk to hosts.
 *
 * @internal
 */
export const orLost = <A, E>(link: Link, effect: Effect.Effect<A, E>): Effect.Effect<A, E | SshError> =>
  Effect.raceFirst(Effect.interruptible(effect), Effect.interruptible(Deferred.await(link.lost)))
