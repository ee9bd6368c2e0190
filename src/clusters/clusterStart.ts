/**
 * How a cluster comes up, and who mends what its supervisors cannot.
 *
 * @since 0.1.0
 */
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as PubSub from "effect/PubSub"
import * as Queue from "effect/Queue"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import type { Runtime } from "../runtimes/Runtime.ts"
import type { RuntimeGroup } from "../runtimes/RuntimeGroup.ts"
import * as Blueprint from "./Blueprint.ts"
import type * as Cluster from "./Cluster.ts"
import * as ClusterChanges from "./clusterChanges.ts"
import { ClusterError } from "./ClusterError.ts"
import type { ClusterEvent } from "./ClusterEvent.ts"
import * as ClusterHosts from "./clusterHosts.ts"
import * as ClusterPlaces from "./clusterPlaces.ts"
import * as ClusterPlan from "./ClusterPlan.ts"
import * as ClusterRuns from "./clusterRuns.ts"
import { ClusterStatus, ProcessStatus } from "./ClusterStatus.ts"
import type { Over } from "./clusterUnit.ts"
import { dashboardWord } from "./planWords.ts"
import * as processWords from "./processWords.ts"
import { restarting } from "./restarting.ts"

/** Events that wait for a slow reader. */
const eventBuffer = 256

const refused = (
  plan: ClusterPlan.ClusterPlan,
  manager: Runtime,
  group: RuntimeGroup,
  secrets: ReadonlyArray<string>
) => {
  const known = new Map([manager, ...group.runtimes].map((runtime) => [runtime.host.alias, runtime]))
  const unknown = plan.places.filter((place) => !known.has(place))
  const faults = [...ClusterPlan.faults(plan, secrets), ...unknown.map((place) => `there is no runtime on ${place}`)]
  const changed = ClusterPlan.changedFacts(plan, Blueprint.factsOf([...known.values()].map(ClusterPlaces.placeOf)))
  const error = (reason: "Plan" | "Facts", detail: ReadonlyArray<string>, hint: string) =>
    new ClusterError({
      reason,
      engine: plan.engine,
      host: manager.host.alias,
      step: "plan",
      detail: detail.join("; "),
      hint: `nothing was started; ${hint}`
    })
  if (faults.length > 0) {
    return Option.some(error("Plan", faults, "`ClusterPlan.render` prints the plan: correct what it is made from"))
  }
  return changed.length > 0
    ? Option.some(error("Facts", changed, "make the plan anew, and see with `ClusterPlan.diff` what differs"))
    : Option.none()
}

type Word = { readonly _tag: "Over"; readonly over: Over } | {
  readonly _tag: "Host"
  readonly alias: string
  readonly now: "gone" | "back"
}

/**
 * The steps of `Cluster.start`; what they acquired stays when one of them fails.
 *
 * @internal
 */
export const acquire = Effect.fnUntraced(function*(
  plan: ClusterPlan.ClusterPlan,
  places: { readonly manager: Runtime; readonly group: RuntimeGroup },
  options: Cluster.Options
) {
  const { group, manager } = places
  const { engine } = plan
  const secrets = options.secrets ?? {}
  yield* Effect.flatMap(
    Effect.sync(() => refused(plan, manager, group, Object.keys(secrets))),
    Option.match({
      onNone: () => Effect.void,
      onSome: Effect.fail
    })
  )
  const blueprint = options.blueprint ?? Blueprint.fixed(plan)
  const pubsub = yield* Effect.acquireRelease(PubSub.sliding<ClusterEvent>(eventBuffer), PubSub.shutdown)
  const { onEvent = () => Effect.void } = options
  const emit = (event: ClusterEvent) => Effect.zipRight(onEvent(event), PubSub.publish(pubsub, event))
  // No more than a word a process and two a host wait here: a supervisor ends with its word.
  const words = yield* Queue.unbounded<Word>()
  const lost = yield* Deferred.make<never, ClusterError>()
  const wanted = yield* Ref.make<number | undefined>(blueprint.workers)
  const one = yield* Effect.makeSemaphore(1)

  // Before all processes: their logs end after them.
  const runs = yield* ClusterRuns.make

  const hosts = yield* ClusterHosts.make({
    manager,
    group,
    emit,
    changed: (alias, now) => Queue.offer(words, { _tag: "Host", alias, now })
  })
  const changes = yield* ClusterChanges.make({
    engine,
    blueprint,
    hosts,
    emit,
    secrets,
    started: runs.note,
    drain: options.drain ?? (() => Effect.void),
    restart: options.restart ?? restarting,
    stable: Duration.decode(options.stable ?? "1 minute"),
    over: (over) => Queue.offer(words, { _tag: "Over", over }),
    concurrency: group.concurrency
  })

  const seen = (word: Word): Effect.Effect<void> => {
    if (word._tag === "Over") return over(word.over)
    const { alias, now } = word
    return now === "gone" ? Effect.ignoreLogged(changes.reachAll) : Effect.gen(function*() {
      yield* changes.forgetHost(alias)
      yield* Effect.ignoreLogged(changes.reachAll)
      yield* Effect.forEach(yield* changes.missing(alias), (id) => changes.place(id, `${alias} is back`), {
        discard: true
      })
    })
  }
  const over = ({ detail, id, log, why }: Over): Effect.Effect<void> =>
    Effect.gen(function*() {
      const unit = (yield* changes.units).find((unit) => unit.plan.id === id)
      // Removed meanwhile, or another one by now.
      if (unit === undefined || Option.isSome(yield* unit.current)) return
      const host = unit.plan.place
      if (unit.plan.role === "master") {
        yield* unit.mark("ended")
        return yield* Deferred.fail(
          lost,
          new ClusterError({
            reason: "Lost",
            engine,
            host,
            step: id,
            detail,
            log,
            hint: "what the master knew went with it: start the cluster anew"
          })
        )
      }
      if (why === "ended") return
      if (why === "failing") yield* changes.avoid(id, host)
      return yield* changes.place(id, detail)
    })

  yield* changes.apply(plan)
  yield* Queue.take(words).pipe(
    Effect.flatMap((word) => one.withPermits(1)(seen(word))),
    Effect.forever,
    Effect.forkScoped
  )

  const change: Cluster.Cluster["change"] = (next) =>
    one.withPermits(1)(Effect.flatMap(changes.units, (units) => {
      const running = units.map(({ plan }) => plan)
      return next({
        blueprint,
        hosts,
        wanted,
        running,
        apply: (runtimes, workers) =>
          Effect.suspend(() => {
            const planned = Blueprint.plan(
              blueprint,
              ClusterPlaces.places(hosts.manager, runtimes),
              running,
              workers
            )
            const got = planned.processes.filter(({ role }) => role === "worker").length
            if (workers !== undefined && got !== workers) return tooFew(engine, runtimes, workers, got)
            return changes.apply(planned)
          })
      })
    }))
  const cluster: Cluster.Cluster = {
    plan: changes.plan,
    manager,
    group: hosts.group,
    processes: Effect.flatMap(changes.units, (units) =>
      Effect.map(
        Effect.forEach(units, ({ current }) => current),
        (all) => all.flatMap(Option.toArray)
      )),
    status: Effect.gen(function*() {
      const { processes } = yield* changes.plan
      const units = new Map((yield* changes.units).map((unit) => [unit.plan.id, unit]))
      return ClusterStatus.make({
        engine,
        hosts: yield* hosts.status,
        processes: yield* Effect.forEach(processes, ({ id, place, role }) =>
          units.get(id)?.status ?? Effect.succeed(
            ProcessStatus.make({ process: id, role, host: place, state: "given up", restarts: 0 })
          ))
      })
    }),
    port: (process, name) => Effect.map(changes.numbers, (all) => Option.fromNullable(all.get(`${process}.${name}`))),
    environment: (place) => Effect.map(changes.environments, (all) => Option.fromNullable(all.get(place))),
    variables: (place) =>
      Effect.gen(function*() {
        const plan = yield* changes.plan
        const environment = (yield* changes.environments).get(place)
        return processWords.resolveAll(
          { plan, place, numbers: yield* changes.numbers, environment },
          plan.variables ?? {}
        )
      }),
    logs: runs.logs,
    dashboard: Effect.gen(function*() {
      const plan = yield* changes.plan
      if (plan.dashboard === undefined) return Option.none()
      const { port, process } = plan.dashboard
      const numbers = yield* changes.numbers
      const place = manager.host.alias
      return numbers.has(`${process}.${port}`)
        ? Option.some(
          processWords.resolve({ plan, place, numbers, environment: undefined }, dashboardWord(plan.dashboard))
        )
        : Option.none()
    }),
    events: Stream.fromPubSub(pubsub),
    lost: Deferred.await(lost),
    change
  }
  return cluster
})

const tooFew = (engine: string, runtimes: ReadonlyArray<Runtime>, workers: number, got: number) =>
  new ClusterError({
    reason: "NoHosts",
    engine,
    host: runtimes.map(({ host }) => host.alias).join(", ") || "no host",
    step: "plan",
    detail: `there are seats for ${got} of ${workers} workers`,
    hint: "add hosts, ask for fewer workers, or take a launcher that gives a host more of them; nothing was changed"
  })
