/**
 * How a host in memory is, by the faults that stand: each holds until it is taken back, whatever other ones come and go.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { SshErrorReason } from "../../services/SshError.ts"
import type { Fault } from "../InMemoryFaults.ts"
import type { MemoryHost } from "./memoryHost.ts"

interface Refusal {
  readonly reason: typeof SshErrorReason.Type
  readonly detail: string
  readonly hint: string
}

type Of<Tag extends Fault["_tag"]> = Extract<Fault, { readonly _tag: Tag }>

const all = <Tag extends Fault["_tag"]>(host: MemoryHost, tag: Tag): ReadonlyArray<Of<Tag>> =>
  [...host.standing].filter((fault): fault is Of<Tag> => fault._tag === tag)

/** @internal */
export const stands = (host: MemoryHost, tag: Fault["_tag"]): boolean => all(host, tag).length > 0

/**
 * Milliseconds of a packet; of several that were injected, the last one counts.
 *
 * @internal
 */
export const latencyOf = (host: MemoryHost): number => all(host, "Latency").at(-1)?.millis ?? host.latency

/**
 * Bytes a second.
 *
 * @internal
 */
export const rateOf = (host: MemoryHost): number =>
  host.standing.size === 0
    ? Number.POSITIVE_INFINITY
    : Math.min(...all(host, "Slow").map(({ bytesPerSecond = Number.POSITIVE_INFINITY }) => bytesPerSecond))

const paceOf = (host: MemoryHost): number => all(host, "Slow").reduce((product, { times = 1 }) => product * times, 1)

/**
 * Why its sshd lets nobody in, if it does not.
 *
 * @internal
 */
export const refusalOf = (host: MemoryHost): Refusal | undefined => {
  const { alias } = host
  if (stands(host, "Refuse")) {
    return {
      reason: "Refused",
      detail: `nothing listens on ${alias}:22`,
      hint: "is sshd running there, and is it this port (Port in the ssh config)?"
    }
  }
  if (stands(host, "ChangeHostKey")) {
    return {
      reason: "HostKeyChanged",
      detail: `the key of ${alias} is not the one in known_hosts`,
      hint: `if the host was set up anew: ssh-keygen -R ${alias}`
    }
  }
  return stands(host, "FailAuthentication")
    ? { reason: "Authentication", detail: "no key was accepted", hint: `try \`ssh -v ${alias}\`` }
    : undefined
}

/**
 * What a program does on it: each wait takes as many times as long as the host is slow.
 *
 * @internal
 */
export const atPace = <A, E, R>(host: MemoryHost, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.clockWith((clock) =>
    Effect.withClock(effect, {
      [Clock.ClockTypeId]: Clock.ClockTypeId,
      unsafeCurrentTimeMillis: () => clock.unsafeCurrentTimeMillis(),
      currentTimeMillis: clock.currentTimeMillis,
      unsafeCurrentTimeNanos: () => clock.unsafeCurrentTimeNanos(),
      currentTimeNanos: clock.currentTimeNanos,
      sleep: (duration) => Effect.suspend(() => clock.sleep(Duration.times(duration, paceOf(host))))
    })
  )
