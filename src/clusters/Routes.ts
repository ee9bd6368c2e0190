/**
 * How processes of a plan reach one another: directly, where hosts do, or through tunnels of the manager. A pure function of the
 * plan and of who reaches whom.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Reachability from "../runtimes/Reachability.ts"
import type { Runtime } from "../runtimes/Runtime.ts"
import type { RuntimeGroup } from "../runtimes/RuntimeGroup.ts"
import * as Progress from "../services/Progress.ts"
import { ClusterError } from "./ClusterError.ts"
import { ClusterPlan, type Route, type Routing } from "./ClusterPlan.ts"
import { listensOn } from "./processWords.ts"

/** A port of a process that can listen elsewhere than on loopback, and who must reach it. */
interface Open {
  readonly process: string
  readonly port: string
  readonly place: string
  /** Places that run something: all know a process by one address. */
  readonly peers: ReadonlyArray<string>
  /** Others, as a manager with a client: these may come through a tunnel as well. */
  readonly guests: ReadonlyArray<string>
}

const loopback = "127.0.0.1"

const nobody = Reachability.Reachability.make({ hosts: [] })

const keyOf = ({ port, process }: { readonly process: string; readonly port: string }) => `${process}.${port}`

/** Through tunnels, each port once. */
const tunnelled = (plan: ClusterPlan): ReadonlyArray<typeof Route.Type> => {
  const merged = new Map<string, typeof Route.Type>()
  for (const { places, port, process } of plan.routes) {
    const before = merged.get(keyOf({ process, port }))
    merged.set(keyOf({ process, port }), {
      process,
      port,
      places: [...new Set([...(before?.places ?? []), ...places])]
    })
  }
  return [...merged.values()]
}

/** A process whose own words name its address listens there. */
const opened = (plan: ClusterPlan): ReadonlyArray<Open> => {
  const running = new Set(plan.places)
  const named = new Map(plan.processes.map((process) => [
    process.id,
    {
      place: process.place,
      ports: [...process.argv, ...Object.values(process.env)].flatMap((word) => typeof word === "string" ? [] : word)
        .flatMap((part) =>
          typeof part !== "string" && (part._tag === "Address" || part._tag === "Host") && part.process === process.id
            ? [part.port]
            : []
        )
    }
  ]))
  return tunnelled(plan).flatMap(({ places, port, process }) => {
    const found = named.get(process)
    if (found === undefined || !found.ports.includes(port)) return []
    const { place } = found
    const peers = places.filter((other) => running.has(other) && other !== place)
    const guests = places.filter((other) => !running.has(other))
    return peers.length === 0 ? [] : [{ process, port, place, peers, guests }]
  })
}

/** Why nobody need try anything; `undefined` where that decides. */
const settled = ({ engine, routing }: ClusterPlan): string | undefined => {
  if (routing === undefined) return "the engine knows no other way"
  if (routing.asked === "tunnel") return "that was asked for"
  return routing.asked === "auto" && !routing.encrypted
    ? `what ${engine} sends is not encrypted, and \`routes: "direct"\` was not asked for`
    : undefined
}

/** Where a process that runs already listens. */
const standing = (before: ClusterPlan | undefined, { place, port, process }: Open): string | undefined =>
  before?.processes.some((one) => one.id === process && one.place === place) === true
    ? listensOn(before, process, port)
    : undefined

/** Who has a way to it already. */
const placesOf = (
  before: ClusterPlan | undefined,
  open: Open,
  which: (route: typeof Route.Type) => boolean = () => true
): ReadonlyArray<string> =>
  before?.routes.flatMap((route) => keyOf(route) === keyOf(open) && which(route) ? route.places : []) ?? []

/** Who is known to reach a process that runs already where it listens. */
const known = (before: ClusterPlan | undefined, open: Open): ReadonlyArray<string> =>
  standing(before, open) === undefined
    ? []
    : placesOf(before, open, (route) => route.address !== undefined)

/**
 * The hosts that must try to reach one another before the routes of a plan are known: those whose processes others must reach,
 * and these others. None where that would change nothing. `before` is the plan that holds already.
 *
 * @since 0.1.0
 * @category combinators
 */
export const asks = (plan: ClusterPlan, before?: ClusterPlan): ReadonlyArray<string> => {
  if (settled(plan) !== undefined || before?.routing?.chosen === "tunnel") return []
  const unknown = opened(plan).flatMap((open) => {
    const { guests, peers, place } = open
    const reaching = known(before, open)
    const served = standing(before, open) === undefined ? [] : placesOf(before, open)
    const missing = [
      ...peers.filter((peer) => !reaching.includes(peer)),
      ...guests.filter((guest) => !served.includes(guest))
    ]
    return standing(before, open) === loopback || missing.length === 0 ? [] : [place, ...missing]
  })
  return [...new Set(unknown)]
}

const withRouting = (
  plan: ClusterPlan,
  routes: ReadonlyArray<typeof Route.Type>,
  chosen: "direct" | "tunnel",
  reason: string
): ClusterPlan => {
  const { asked, encrypted }: Routing = plan.routing ?? { asked: "tunnel", encrypted: false }
  return ClusterPlan.make({ ...plan, routes: [...routes], routing: { asked, encrypted, chosen, reason } })
}

/**
 * Where a process is to listen for its peers; else why there is no such address. One that runs stays where it is: who is new must
 * reach it there. Loopback and tunnels go together with everything.
 */
const addressFor = (
  open: Open,
  table: Reachability.Reachability,
  before: ClusterPlan | undefined
): Either.Either<string | undefined, string> => {
  const { peers, place, port, process } = open
  const now = standing(before, open)
  if (now === undefined) {
    return Either.fromOption(
      Reachability.addressOf(table, place, peers),
      () => Reachability.whyNot(table, place, peers)
    )
  }
  if (now === loopback) return Either.right(undefined)
  const reaching = known(before, open)
  const missing = peers.filter((peer) => !reaching.includes(peer) && !Reachability.reaches(table, peer, place, now))
  return missing.length === 0
    ? Either.right(now)
    : Either.left(
      `${missing.join(", ")} ${missing.length === 1 ? "does" : "do"} not reach ${process}.${port} on ${place} at ${now}`
    )
}

/**
 * The plan with its routes chosen, and why. Fails with the reason where `direct` was asked for, or is how the cluster runs already,
 * and hosts do not reach one another.
 *
 * @since 0.1.0
 * @category combinators
 */
export const choose = (
  plan: ClusterPlan,
  table: Reachability.Reachability,
  before?: ClusterPlan
): Either.Either<ClusterPlan, string> => {
  const tunnels = tunnelled(plan)
  if (plan.routing === undefined) return Either.right(plan)
  const none = settled(plan)
  if (none !== undefined) return Either.right(withRouting(plan, tunnels, "tunnel", none))
  if (before?.routing?.chosen === "tunnel") {
    return Either.right(withRouting(plan, tunnels, "tunnel", before.routing.reason ?? "it began so"))
  }
  const ports = opened(plan)
  const addresses = new Map<string, string>()
  for (const open of ports) {
    const found = addressFor(open, table, before)
    if (Either.isLeft(found)) {
      return plan.routing.asked === "direct" || before?.routing?.chosen === "direct"
        ? Either.left(found.left)
        : Either.right(withRouting(plan, tunnels, "tunnel", found.left))
    }
    if (found.right !== undefined) addresses.set(keyOf(open), found.right)
  }
  const routes = tunnels.flatMap((route): ReadonlyArray<typeof Route.Type> => {
    const open = ports.find((one) => keyOf(one) === keyOf(route))
    const address = addresses.get(keyOf(route))
    if (open === undefined || address === undefined) return [route]
    const reaching = known(before, open)
    const near = open.guests.filter((guest) =>
      reaching.includes(guest) || Reachability.reaches(table, guest, open.place, address)
    )
    const far = open.guests.filter((guest) => !near.includes(guest))
    return [
      { ...route, places: [...open.peers, ...near], address },
      ...(far.length === 0 ? [] : [{ ...route, places: far }])
    ]
  })
  const reason = before?.routing?.chosen === "direct" && before.routing.reason !== undefined
    ? before.routing.reason
    : ports.length === 0
    ? "no process must be reached from another machine"
    : plan.routing.asked === "direct"
    ? "that was asked for, and all hosts that must reach one another do"
    : `what ${plan.engine} sends is encrypted, and all hosts that must reach one another do`
  return Either.right(withRouting(plan, routes, "direct", reason))
}

/**
 * The plan with its routes chosen, where that needs nobody to be asked; else as it is.
 *
 * @since 0.1.0
 * @category combinators
 */
export const chosen = (plan: ClusterPlan): ClusterPlan =>
  asks(plan).length > 0 ? plan : Either.getOrElse(choose(plan, nobody), () => plan)

const unreachable = (plan: ClusterPlan, detail: string, host: string): ClusterError =>
  new ClusterError({
    reason: "Unreachable",
    engine: plan.engine,
    host,
    step: "routes",
    detail,
    hint:
      "nothing was changed; open the way between the hosts, put the master among them with `Launcher.masterOn`, or leave it to " +
      "tunnels with `routes: \"tunnel\"`"
  })

/**
 * The plan with its routes chosen: hosts try to reach one another first, where that decides. What is chosen already stays, unless
 * it is a change of a plan that holds, `before`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const settle = (
  plan: ClusterPlan,
  places: { readonly manager: Runtime; readonly group: Pick<RuntimeGroup, "runtimes"> },
  before?: ClusterPlan
): Effect.Effect<ClusterPlan, ClusterError> =>
  Effect.gen(function*() {
    if (plan.routing === undefined || (before === undefined && plan.routing.chosen !== undefined)) return plan
    const asked = asks(plan, before)
    const all = [places.manager, ...places.group.runtimes]
    const runtimes = all.filter(({ host }) => asked.includes(host.alias))
    const table = runtimes.length === 0
      ? nobody
      : yield* Progress.step(places.manager.host.alias, "routes", () => Reachability.probe(runtimes))
    return yield* Either.mapLeft(choose(plan, table, before), (detail) =>
      unreachable(plan, detail, places.manager.host.alias))
  }).pipe(Effect.withSpan("Routes.settle"))
