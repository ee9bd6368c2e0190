/**
 * The loopback of a network namespace: who listens where, and connections to them.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import type { Duplex } from "node:stream"
import type { Address } from "../../services/SshConnection.ts"
import { SshError } from "../../services/SshError.ts"
import * as memoryDuplex from "./memoryDuplex.ts"
import type { Way } from "./memoryWay.ts"

/** @internal */
export interface Bound {
  readonly address: string
  /** 0 for a Unix socket. */
  readonly port: number
  /** Of a Unix socket, which its host has, not its network. */
  readonly path?: string | undefined
  /** Who holds the port, as `leftovers` tells it. */
  readonly owner: string
  readonly host: string
  readonly arrivals: Queue.Queue<Duplex>
  readonly open: Set<Duplex>
}

/** @internal */
export interface Network {
  readonly name: string
  readonly isManagers: boolean
  /** What the kernel gives for port 0: counted, so that every run gets the same. */
  nextPort: number
  readonly bound: Set<Bound>
}

/** The range of Linux. */
const firstPort = 32768

/** @internal */
export const make = (name: string, isManagers = false): Network => ({
  name,
  isManagers,
  nextPort: firstPort,
  bound: new Set()
})

const wildcard = (address: string) => address === "0.0.0.0" || address === "::" || address === "" || address === "*"

const plain = (address: string | undefined) => address === undefined || address === "localhost" ? "127.0.0.1" : address

const render = (to: Address) => "path" in to ? to.path : `${plain(to.address)}:${to.port}`

const overlaps = (a: string, b: string) => a === b || wildcard(a) || wildcard(b)

/** The one that is reached there from a host. */
const find = (network: Network, to: Address, host: string): Bound | undefined =>
  [...network.bound].find((bound) =>
    "path" in to
      ? bound.path === to.path && bound.host === host
      : bound.path === undefined && bound.port === to.port && overlaps(bound.address, plain(to.address))
  )

/**
 * Binds a port or a path, or says who has it.
 *
 * @internal
 */
export const bind = (
  network: Network,
  at: Address,
  host: string,
  owner: string
): Effect.Effect<Bound, SshError> =>
  Effect.flatMap(Queue.unbounded<Duplex>(), (arrivals) =>
    Effect.suspend(() => {
      const to = choose(network, at, host)
      const taken = find(network, to, host)
      if (taken !== undefined) {
        return new SshError({
          reason: "PortInUse",
          host,
          step: "listen",
          detail: `${render(to)} is held by ${taken.owner} of ${taken.host}`,
          hint: "path" in to
            ? "choose another path, or end that program"
            : `choose another port than ${to.port}, or 0 for any`
        })
      }
      const where = "path" in to
        ? { address: "", port: 0, path: to.path }
        : { address: plain(to.address), port: to.port }
      const bound: Bound = { ...where, owner, host, arrivals, open: new Set() }
      network.bound.add(bound)
      return Effect.succeed(bound)
    }))

/** For port 0 the next one that is free. */
const choose = (network: Network, at: Address, host: string): Address => {
  if ("path" in at || at.port !== 0) return at
  while (find(network, { ...at, port: network.nextPort }, host) !== undefined) network.nextPort += 1
  return { ...at, port: network.nextPort++ }
}

/**
 * Frees the port. Connections that nobody has accepted end.
 *
 * @internal
 */
export const unbind = (network: Network, bound: Bound): Effect.Effect<void> =>
  Effect.sync(() => network.bound.delete(bound)).pipe(
    Effect.zipRight(Queue.takeAll(bound.arrivals)),
    Effect.flatMap((ends) => Effect.sync(() => [...ends].forEach((end) => memoryDuplex.destroy(end)))),
    Effect.zipRight(Queue.shutdown(bound.arrivals))
  )

/**
 * Waits for the next connection; `None` when the port is free.
 *
 * @internal
 */
export const accepted = ({ arrivals }: Bound): Effect.Effect<Option.Option<Duplex>> =>
  Queue.take(arrivals).pipe(
    Effect.asSome,
    // Who waits at a queue that is shut down is interrupted.
    Effect.catchAllCause((cause) => arrivals.isActive() ? Effect.failCause(cause) : Effect.succeedNone)
  )

/**
 * Ends the connections too, as the death of the process that accepted them does.
 *
 * @internal
 */
export const close = (network: Network, bound: Bound): Effect.Effect<void> =>
  Effect.zipRight(
    unbind(network, bound),
    Effect.sync(() => bound.open.forEach((end) => memoryDuplex.destroy(end)))
  )

/**
 * Connects to who listens there in the network, as `host` sees it; the near end is the caller's to close. The bytes go `ways`.
 *
 * @internal
 */
export const connect = (
  network: Network,
  to: Address,
  host: string,
  ways: ReadonlyArray<Way>
): Effect.Effect<Duplex, SshError> =>
  Effect.suspend(() => {
    const bound = find(network, to, host)
    if (bound === undefined) {
      return new SshError({
        reason: "ForwardRefused",
        host,
        step: "dial",
        detail: `nothing listens on ${render(to)}`,
        hint: "does the program listen there yet?"
      })
    }
    const [near, far] = memoryDuplex.pair(ways)
    bound.open.add(far)
    far.once("close", () => bound.open.delete(far))
    return Effect.as(Queue.offer(bound.arrivals, far), near)
  })
