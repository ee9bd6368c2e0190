/**
 * The one interpreter of cluster plans: environments, ports and tunnels, processes, readiness; then it heals and scales what
 * runs; and the way back.
 *
 * @since 0.1.0
 */
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Option from "effect/Option"
import * as PubSub from "effect/PubSub"
import * as Queue from "effect/Queue"
import * as Ref from "effect/Ref"
import type * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as allOrNothing from "../internal/allOrNothing.ts"
import type { Runtime } from "../runtimes/Runtime.ts"
import type { RuntimeGroup } from "../runtimes/RuntimeGroup.ts"
import type { Host } from "../services/Host.ts"
import type { Provisioned } from "../services/PythonEnvironment.ts"
import type { Ssh } from "../services/Ssh.ts"
import * as Blueprint from "./Blueprint.ts"
import * as ClusterChanges from "./clusterChanges.ts"
import { ClusterError } from "./ClusterError.ts"
import type { ClusterEvent } from "./ClusterEvent.ts"
import * as ClusterHosts from "./clusterHosts.ts"
import * as ClusterPlan from "./ClusterPlan.ts"
import type { ClusterProcess } from "./ClusterProcess.ts"
import { ClusterStatus, ProcessStatus } from "./ClusterStatus.ts"
import type { Over } from "./clusterUnit.ts"
import { restarting } from "./restarting.ts"

/**
 * A cluster that runs.
 *
 * @since 0.1.0
 * @category models
 */
export interface Cluster {
  /** The plan as it is now: `scale`, hosts that come and go, and healing change it. */
  readonly plan: Effect.Effect<ClusterPlan.ClusterPlan>
  readonly manager: Runtime
  /** The hosts that it uses now. */
  readonly group: Effect.Effect<RuntimeGroup>
  /** Those that are ready now, in the order of the plan. */
  readonly processes: Effect.Effect<ReadonlyArray<ClusterProcess>>
  readonly status: Effect.Effect<ClusterStatus>
  /** The number of a port of the plan, as long as its process is at its place. */
  readonly port: (process: string, name: string) => Effect.Effect<Option.Option<number>>
  /** The Python environment at a place. */
  readonly environment: (place: string) => Effect.Effect<Option.Option<Provisioned>>
  /** What happens from now on; slow readers lose the oldest. */
  readonly events: Stream.Stream<ClusterEvent>
  /** Fails when the cluster cannot go on: a master has ended. */
  readonly lost: Effect.Effect<never, ClusterError>
  /** @internal */
  readonly change: Change
}

/**
 * What a cluster may be told.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Makes further plans of the same engine. Default: the plan's own processes, of which workers may move to other hosts. */
  readonly blueprint?: Blueprint.Blueprint | undefined
  /**
   * When a process that has ended is started again, on its own host, and how often; it is asked with what went wrong. Then
   * the process goes to another host. Default: after half a second, twice as long each time, at most 30 seconds, 5 times.
   */
  readonly restart?: Schedule.Schedule<unknown, string> | undefined
  /** Ready for so long, and what went wrong before counts no more. Default 1 minute. */
  readonly stable?: Duration.DurationInput | undefined
  /** Takes the work off workers that are to be removed. When it fails, none is. */
  readonly drain?: ClusterChanges.Drain | undefined
}

type Change = <E, R>(
  next: (now: {
    readonly blueprint: Blueprint.Blueprint
    readonly hosts: ClusterHosts.Hosts
    readonly wanted: Ref.Ref<number | undefined>
    readonly running: ReadonlyArray<ClusterPlan.ProcessPlan>
    readonly apply: (
      hosts: ReadonlyArray<Runtime>,
      workers: number | undefined
    ) => Effect.Effect<void, ClusterChanges.ChangeError>
  }) => Effect.Effect<void, E, R>
) => Effect.Effect<void, E, R>

/** Events that wait for a slow reader. */
const eventBuffer = 256

/**
 * Brings a plan up on a group: first its masters, then its workers, these in parallel. When it fails, nothing stays behind;
 * when the scope closes, workers end before masters. Until then a worker that ends is started again, on its host or on
 * another one, and a host that was lost is used again when it returns. Fails with `ClusterError`, `SshError`,
 * `PythonEnvironmentError`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const start = Effect.fn("Cluster.start")(function*(
  plan: ClusterPlan.ClusterPlan,
  places: { readonly manager: Runtime; readonly group: RuntimeGroup },
  options: Options = {}
): Effect.fn.Return<Cluster, ClusterChanges.ChangeError, Ssh | Scope.Scope> {
  yield* Effect.annotateCurrentSpan("engine", plan.engine)
  return yield* allOrNothing.make(acquire(plan, places, options))
})

const refused = (plan: ClusterPlan.ClusterPlan, manager: Runtime, group: RuntimeGroup) => {
  const known = new Map([manager, ...group.runtimes].map((runtime) => [runtime.host.alias, runtime]))
  const unknown = plan.places.filter((place) => !known.has(place))
  const faults = [...ClusterPlan.faults(plan), ...unknown.map((place) => `there is no runtime on ${place}`)]
  const changed = ClusterPlan.changedFacts(plan, Blueprint.factsOf([...known.values()].map(ClusterChanges.placeOf)))
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

const acquire = Effect.fnUntraced(function*(
  plan: ClusterPlan.ClusterPlan,
  places: { readonly manager: Runtime; readonly group: RuntimeGroup },
  options: Options
) {
  const { group, manager } = places
  const { engine } = plan
  yield* Effect.flatMap(
    Effect.sync(() => refused(plan, manager, group)),
    Option.match({
      onNone: () => Effect.void,
      onSome: Effect.fail
    })
  )
  const blueprint = options.blueprint ?? Blueprint.fixed(plan)
  const pubsub = yield* Effect.acquireRelease(PubSub.sliding<ClusterEvent>(eventBuffer), PubSub.shutdown)
  const emit = (event: ClusterEvent) => PubSub.publish(pubsub, event)
  // No more than a word a process and two a host wait here: a supervisor ends with its word.
  const words = yield* Queue.unbounded<Word>()
  const lost = yield* Deferred.make<never, ClusterError>()
  const wanted = yield* Ref.make<number | undefined>(blueprint.workers)
  const one = yield* Effect.makeSemaphore(1)

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

  const change: Change = (next) =>
    one.withPermits(1)(Effect.flatMap(changes.units, (units) => {
      const running = units.map(({ plan }) => plan)
      const manager = ClusterChanges.placeOf(hosts.manager)
      return next({
        blueprint,
        hosts,
        wanted,
        running,
        apply: (runtimes, workers) =>
          Effect.suspend(() => {
            const planned = Blueprint.plan(
              blueprint,
              { manager, hosts: runtimes.map(ClusterChanges.placeOf) },
              running,
              workers
            )
            const got = planned.processes.filter(({ role }) => role === "worker").length
            if (workers !== undefined && got !== workers) return tooFew(engine, runtimes, workers, got)
            return changes.apply(planned)
          })
      })
    }))
  const cluster: Cluster = {
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

/**
 * So many workers from now on. New ones are started first; then the work is taken off those that are too many, and they end.
 * When that fails, or is interrupted, the cluster is as it was. One change at a time: others wait.
 *
 * @since 0.1.0
 * @category changes
 */
export const scale: {
  (workers: number): (self: Cluster) => Effect.Effect<void, ClusterChanges.ChangeError>
  (self: Cluster, workers: number): Effect.Effect<void, ClusterChanges.ChangeError>
} = dual(
  2,
  (self: Cluster, workers: number) =>
    self.change(({ apply, hosts, wanted }) =>
      Effect.flatMap(hosts.there, (there) => Effect.zipRight(apply(there, workers), Ref.set(wanted, workers)))
    ).pipe(Effect.withSpan("Cluster.scale", { attributes: { workers } }))
)

/**
 * Takes a host into the cluster, as the launcher says: by default it gets a worker where no number of workers was asked for.
 * A host is taken into use as those of the group were, and ends with the cluster; a runtime that stands is only used.
 *
 * @since 0.1.0
 * @category changes
 */
export const addRuntime: {
  (
    host: string | Host | Runtime
  ): (self: Cluster) => Effect.Effect<void, ClusterChanges.ChangeError | ClusterHosts.TakeError, Ssh>
  (
    self: Cluster,
    host: string | Host | Runtime
  ): Effect.Effect<void, ClusterChanges.ChangeError | ClusterHosts.TakeError, Ssh>
} = dual(
  2,
  (self: Cluster, host: string | Host | Runtime) =>
    self.change(({ apply, hosts, wanted }) =>
      Effect.uninterruptibleMask((restore) =>
        Effect.gen(function*() {
          const held = yield* restore(hosts.take(host))
          yield* hosts.join(held)
          yield* restore(Effect.gen(function*() {
            yield* apply(yield* hosts.there, yield* Ref.get(wanted))
          })).pipe(Effect.onError(() => hosts.leave(held.value.host.alias)))
        })
      )
    ).pipe(Effect.withSpan("Cluster.addRuntime"))
)

/**
 * Takes a host out of the cluster: its workers are replaced elsewhere where a number of workers was asked for, the work is
 * taken off them, and they end. A host that the cluster took into use is closed; a runtime of the group stays the group's.
 * Fails with `ClusterError` `UnknownHost` when it is none of the cluster.
 *
 * @since 0.1.0
 * @category changes
 */
export const removeRuntime: {
  (host: string): (self: Cluster) => Effect.Effect<void, ClusterChanges.ChangeError>
  (self: Cluster, host: string): Effect.Effect<void, ClusterChanges.ChangeError>
} = dual(2, (self: Cluster, host: string) =>
  self.change(({ apply, hosts, running, wanted }) =>
    Effect.gen(function*() {
      const there = yield* hosts.there
      const master = running.find(({ place, role }) => role === "master" && place === host)
      if (!(yield* hosts.has(host)) || host === hosts.manager.host.alias || master !== undefined) {
        return yield* new ClusterError({
          reason: "UnknownHost",
          engine: (yield* self.plan).engine,
          host,
          step: "Cluster.removeRuntime",
          detail: master === undefined
            ? "it is no host of the cluster"
            : `its ${master.id} is what the cluster hangs on`,
          hint: `its hosts: ${there.map((runtime) => runtime.host.alias).join(", ") || "none"}; nothing was changed`
        })
      }
      yield* apply(there.filter((runtime) => runtime.host.alias !== host), yield* Ref.get(wanted))
      yield* hosts.leave(host)
    })
  ).pipe(Effect.withSpan("Cluster.removeRuntime", { attributes: { host } })))
