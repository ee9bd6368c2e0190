/**
 * The network between the hosts in memory: who reaches whom, and what lies on the way.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { Duplex } from "node:stream"
import { manager } from "../../services/Host.ts"
import type { Address } from "../../services/SshConnection.ts"
import { SshError } from "../../services/SshError.ts"
import { latencyOf, rateOf } from "./memoryConditions.ts"
import * as memoryGate from "./memoryGate.ts"
import type { MemoryHost } from "./memoryHost.ts"
import * as memoryNetwork from "./memoryNetwork.ts"
import * as memoryWay from "./memoryWay.ts"

/** @internal */
export interface Lan {
  readonly hosts: Map<string, MemoryHost>
  /** Between any two: shut while they are partitioned. */
  readonly gates: Map<string, memoryGate.Gate>
  /** Runs what waits for the clock outside of any fiber: what streams of Node carry. */
  readonly run: (effect: Effect.Effect<void>) => void
}

/** @internal */
export const make = (run: Lan["run"]): Lan => ({ hosts: new Map(), gates: new Map(), run })

/** @internal */
export const gateBetween = (lan: Lan, a: string, b: string): memoryGate.Gate => {
  const key = JSON.stringify(a < b ? [a, b] : [b, a])
  const gate = lan.gates.get(key) ?? memoryGate.make()
  lan.gates.set(key, gate)
  return gate
}

/** @internal */
export const wayBetween = (a: MemoryHost, b: MemoryHost): memoryWay.Way =>
  memoryWay.make(
    [a.gate, b.gate, gateBetween(a.lan, a.alias, b.alias)],
    (bytes) => {
      const rate = Math.min(rateOf(a), rateOf(b))
      return latencyOf(a) + latencyOf(b) + (bytes === 0 || rate === Number.POSITIVE_INFINITY ? 0 : 1000 * bytes / rate)
    },
    a.lan.run
  )

/**
 * The way of SSH to a host.
 *
 * @internal
 */
export const wayTo = (host: MemoryHost): memoryWay.Way => {
  const from = host.lan.hosts.get(manager.alias)
  return from === undefined ? memoryWay.make([host.gate], () => latencyOf(host), host.lan.run) : wayBetween(from, host)
}

/** Linux gives up after so long. */
const patience = "130 seconds"

/** The host that has this name or address, unless it is the one that asks. */
const named = (host: MemoryHost, address: string | undefined): MemoryHost | undefined => {
  if (address === undefined || address === host.alias) return undefined
  return host.lan.hosts.get(address) ??
    [...host.lan.hosts.values()].find((other) => other !== host && other.options.identity?.address === address)
}

/**
 * Connects as a process of the host would: to its own ports and sockets, or to a port of another host by its alias, where a
 * program listens for others. `ways` come first.
 *
 * @internal
 */
export const connect = (
  host: MemoryHost,
  to: Address,
  ways: ReadonlyArray<memoryWay.Way> = []
): Effect.Effect<Duplex, SshError> =>
  Effect.suspend(() => {
    const there = "path" in to ? undefined : named(host, to.address)
    if (there === undefined || there.network === host.network) {
      return memoryNetwork.connect(host.network, to, host.alias, ways)
    }
    const way = wayBetween(host, there)
    return way.travel().pipe(
      Effect.timeoutFail({
        duration: patience,
        onTimeout: () =>
          new SshError({
            reason: "ForwardRefused",
            host: host.alias,
            step: "dial",
            detail: `${there.alias} does not answer`,
            hint: `can ${host.alias} reach ${there.alias}? A partition or a firewall may be between them`
          })
      }),
      // It is an acquisition that waits: a timeout in there must be able to end what it races with.
      Effect.interruptible,
      Effect.zipRight(Effect.suspend(() => memoryNetwork.connect(there.network, to, host.alias, [...ways, way])))
    )
  })
