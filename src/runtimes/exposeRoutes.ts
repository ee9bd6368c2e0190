/**
 * One interpreter of every exposure: the listeners it needs, on one number everywhere, all or none.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as socketPath from "../internal/socketPath.ts"
import { sameNetwork } from "../services/HostFacts.ts"
import type { Address, SocketAddress } from "../services/SshConnection.ts"
import type { SshError } from "../services/SshError.ts"
import * as Tunnel from "../services/Tunnel.ts"
import type { Exposed, Options, Range, Route, Service } from "./Expose.ts"
import { ExposeError } from "./ExposeError.ts"
import * as portCandidates from "./portCandidates.ts"

/**
 * A machine that can stand at an end: a Runtime, or the manager.
 *
 * @internal
 */
export interface Member extends Tunnel.End, portCandidates.Networked {
  /** A path as the user gives it, as an absolute one. */
  readonly resolve: (path: string) => string
}

/** Which listeners are made at a time. */
const concurrency = 16

/** How often the system is asked for a number that is free on all hosts. */
const mostTries = 32

const lastPort = 65535

const isRange = (service: Service): service is Range => typeof service === "object" && "first" in service

/** What is reached, one address for each number. */
const targetsOf = (to: Member, service: Service): ReadonlyArray<Address> => {
  if (typeof service === "number") return [{ port: service }]
  if (isRange(service)) {
    // One more than there are ports is refused as well as any further.
    const length = Math.min(service.count, lastPort + 1)
    return Array.from({ length }, (_, index) => ({ port: service.first + index }))
  }
  return [socketPath.isSocket(service) ? { path: to.resolve(service.path) } : service]
}

const isLoopback = ({ address = "127.0.0.1" }: { readonly address?: string | undefined }) =>
  address === "127.0.0.1" || address === "localhost"

interface Parts {
  readonly step: string
  readonly to: Member
  readonly service: Service
  readonly members: ReadonlyArray<Member>
  readonly options: Options
}

const invalid = ({ members, step }: Parts, detail: string, hint: string) =>
  new ExposeError({ reason: "InvalidPort", step, hosts: members.map(({ host }) => host.alias), detail, hint })

const isPort = (port: number) => Number.isInteger(port) && port >= 1 && port <= lastPort

/** The first numbers to try, 0 for one that the system chooses. */
const candidatesOf = (
  { members, to }: Parts,
  at: Exclude<Options["at"], SocketAddress>,
  targets: ReadonlyArray<Address>
): ReadonlyArray<number> => {
  const own = targets.flatMap((target) => socketPath.isSocket(target) ? [] : [target.port])[0]
  const asked = at ?? own ?? "any"
  if (typeof asked === "number") return [asked]
  if (asked !== "any") return asked
  // On one network its own number is as good as any, and needs no tunnel.
  const near = own !== undefined && members.every((member) => sameNetwork(member.facts, to.facts))
  return near ? [own] : Array.from({ length: mostTries }, () => 0)
}

const none = (parts: Parts, refusals: ReadonlyArray<portCandidates.Refusal>) => {
  const names = parts.members.map(({ host }) => host.alias)
  const shown = refusals.slice(0, 10).map(({ error }) => `${error.host}: ${error.detail}`)
  return new ExposeError({
    reason: "NoPort",
    step: parts.step,
    hosts: names,
    detail: `none of the numbers is free on all of ${names.join(", ")}`,
    log: refusals.length > shown.length ? [...shown, `and ${refusals.length - shown.length} more`] : shown,
    hint: `end what holds them, give others, or "any"`
  })
}

const tunnel = (parts: Parts, from: Member, at: Address, target: Address) =>
  Tunnel.make({
    from,
    at,
    to: parts.to,
    target,
    healWithin: parts.options.healWithin,
    connectWithin: parts.options.connectWithin
  })

const route = (parts: Parts, member: Member, at: Address, target: Address, via?: Tunnel.Tunnel): Route => ({
  from: member.host,
  at,
  to: parts.to.host,
  target,
  tunnel: Option.fromNullable(via)
})

/** All listeners of a candidate, or none. */
const bind = (parts: Parts, targets: ReadonlyArray<Address>) => (candidate: number) =>
  Effect.gen(function*() {
    const { members, to } = parts
    /** It would be the same port. */
    const isDirect = (member: Member) =>
      sameNetwork(member.facts, to.facts) &&
      targets.every((target, index) =>
        !socketPath.isSocket(target) && isLoopback(target) && target.port === candidate + index
      )
    const listening = portCandidates.oneOfEach(members.filter((member) => !isDirect(member)))
    const [first, ...others] = listening.flatMap((member) =>
      targets.map((target, index) => ({ member, target, index }))
    )
    const open = (number: number) => ({ index, member, target }: NonNullable<typeof first>) =>
      Effect.map(tunnel(parts, member, { port: number + index }, target), (via) => ({ member, index, via }))
    // The first one tells the number where the system chooses it.
    const chosen = first === undefined || candidate > 0 ? [] : [yield* open(0)(first)]
    const number = chosen[0]?.via.port ?? candidate
    if (number + targets.length - 1 > lastPort) return Option.none()
    const rest = chosen.length > 0 || first === undefined ? others : [first, ...others]
    const opened = [...chosen, ...(yield* Effect.forEach(rest, open(number), { concurrency }))]
    const routes = members.flatMap((member) =>
      targets.map((target, index) => {
        const via = isDirect(member)
          ? undefined
          : opened.find((other) => other.index === index && sharesNetwork(other.member, member))
        return route(parts, member, { port: number + index }, target, via?.via)
      })
    )
    return Option.some<Exposed>({ port: number, ports: targets.map((_, index) => number + index), routes })
  })

const sharesNetwork = (a: Member, b: Member) => a === b || sameNetwork(a.facts, b.facts)

/** Sockets belong to a machine, not to a network: each member has its own. */
const onSockets = (parts: Parts, { path }: SocketAddress, targets: ReadonlyArray<Address>) =>
  Effect.map(
    Effect.forEach(parts.members, (member) =>
      Effect.forEach(targets, (target) =>
        Effect.map(
          tunnel(parts, member, { path: member.resolve(path) }, target),
          (via) => route(parts, member, via.at, target, via)
        )), { concurrency }),
    (routes): Exposed => ({ port: 0, ports: [], routes: routes.flat() })
  )

/**
 * Makes a service of `to` reachable on all members.
 *
 * @internal
 */
export const make = (parts: Parts): Effect.Effect<Exposed, ExposeError | SshError, Scope.Scope> =>
  Effect.gen(function*() {
    const { options, service, to } = parts
    const targets = targetsOf(to, service)
    const wrong = targets.find((target) => !socketPath.isSocket(target) && !isPort(target.port))
    if (targets.length === 0 || wrong !== undefined) {
      return yield* invalid(
        parts,
        wrong === undefined ? "the range is empty" : `${socketPath.render(wrong)} is no port to reach`,
        `ports are 1 to ${lastPort}`
      )
    }
    const { at } = options
    if (typeof at === "object" && "path" in at) {
      return targets.length === 1
        ? yield* onSockets(parts, at, targets)
        : yield* invalid(parts, `a range does not fit on the one socket ${at.path}`, "give the first number of a range")
    }
    const candidates = candidatesOf(parts, at, targets)
    // 0 is ours to say, not the caller's.
    const beyond = (typeof at === "object" || typeof at === "number" ? candidates : []).find((port) =>
      !isPort(port) || !isPort(port + targets.length - 1)
    )
    if (beyond !== undefined) {
      return yield* invalid(
        parts,
        `${beyond} is no port to listen on`,
        `ports are 1 to ${lastPort}; "any" is any free one`
      )
    }
    const found = yield* portCandidates.firstFree(candidates, bind(parts, targets))
    if (Either.isRight(found)) return found.right
    const [only] = found.left
    return yield* only !== undefined && typeof at !== "object" && candidates.length === 1
      ? only.error
      : none(parts, found.left)
  })
