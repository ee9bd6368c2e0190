/**
 * The loopback of a network namespace: who listens where, and connections to them.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type { Duplex } from "node:stream"
import type { Address } from "../../services/SshConnection.ts"
import { SshError } from "../../services/SshError.ts"
import * as memoryDuplex from "./memoryDuplex.ts"
import type { Gate } from "./memoryGate.ts"

/** @internal */
export interface Bound {
  readonly address: string
  readonly port: number
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

const overlaps = (a: string, b: string) => a === b || wildcard(a) || wildcard(b)

/**
 * Binds a port or says who has it.
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
      const address = plain(at.address)
      const holder = (port: number) =>
        [...network.bound].find((bound) => bound.port === port && overlaps(bound.address, address))
      while (at.port === 0 && holder(network.nextPort) !== undefined) network.nextPort += 1
      const port = at.port === 0 ? network.nextPort++ : at.port
      const taken = holder(port)
      if (taken !== undefined) {
        return new SshError({
          reason: "PortInUse",
          host,
          step: "listen",
          detail: `${address}:${port} is held by ${taken.owner} of ${taken.host}`
        })
      }
      const bound: Bound = { address, port, owner, host, arrivals, open: new Set() }
      network.bound.add(bound)
      return Effect.succeed(bound)
    }))

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
 * Connects as a process of the network would; the near end is the caller's to close.
 *
 * @internal
 */
export const connect = (
  network: Network,
  to: Address,
  host: string,
  gates: ReadonlyArray<Gate>
): Effect.Effect<Duplex, SshError> =>
  Effect.suspend(() => {
    const address = plain(to.address)
    const bound = [...network.bound].find((bound) => bound.port === to.port && overlaps(bound.address, address))
    if (bound === undefined) {
      return new SshError({
        reason: "ForwardRefused",
        host,
        step: "dial",
        detail: `nothing listens on ${address}:${to.port}`,
        hint: "does the program listen there yet?"
      })
    }
    const [near, far] = memoryDuplex.pair(gates)
    bound.open.add(far)
    far.once("close", () => bound.open.delete(far))
    return Effect.as(Queue.offer(bound.arrivals, far), near)
  })
