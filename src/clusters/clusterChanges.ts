/**
 * How a cluster that runs comes from one plan to another: all of it or nothing, one change at a time.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import type * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as parallelScopes from "../internal/parallelScopes.ts"
import type { Provisioned, PythonEnvironmentError } from "../services/PythonEnvironment.ts"
import type { SshError } from "../services/SshError.ts"
import * as Blueprint from "./Blueprint.ts"
import type { Context } from "./clusterContext.ts"
import * as ClusterEnvironments from "./ClusterEnvironments.ts"
import { ClusterError } from "./ClusterError.ts"
import type { Hosts } from "./clusterHosts.ts"
import * as ClusterPlaces from "./clusterPlaces.ts"
import * as ClusterPlan from "./ClusterPlan.ts"
import type { ClusterProcess } from "./ClusterProcess.ts"
import * as ClusterUnit from "./clusterUnit.ts"
import type * as Launcher from "./Launcher.ts"
import * as Routes from "./Routes.ts"

/** Not internal: the types of `Cluster` name it. */
export type ChangeError = ClusterError | SshError | PythonEnvironmentError

/** Takes the work off workers, which then end. */
export type Drain = (
  workers: ReadonlyArray<ClusterProcess>
) => Effect.Effect<void, { readonly message: string }>

/** @internal */
export interface Options {
  readonly engine: string
  readonly blueprint: Blueprint.Blueprint
  readonly hosts: Hosts
  readonly emit: Context["emit"]
  readonly secrets: Context["secrets"]
  readonly started: Context["started"]
  readonly drain: Drain
  readonly restart: Schedule.Schedule<unknown, string>
  readonly stable: Duration.Duration
  readonly over: ClusterUnit.Options["over"]
  readonly concurrency: number
}

/** @internal */
export interface Changes {
  readonly plan: Effect.Effect<ClusterPlan.ClusterPlan>
  readonly units: Effect.Effect<ReadonlyArray<ClusterUnit.Unit>>
  readonly numbers: Effect.Effect<ReadonlyMap<string, number>>
  readonly environments: Effect.Effect<ReadonlyMap<string, Provisioned>>
  /** Makes the cluster what a plan says. What fails, or is interrupted before the last step, leaves it as it was. */
  readonly apply: (next: ClusterPlan.ClusterPlan) => Effect.Effect<void, ChangeError>
  /** Puts a process that is not where it should be elsewhere: at its home first, else where a seat is free. */
  readonly place: (id: string, why: string) => Effect.Effect<void>
  /** A place where a process was started in vain, until the host is another one or the process was stable for long. */
  readonly avoid: (id: string, place: string) => Effect.Effect<void>
  /** Opens what must lead to a host that is back, closes what led to one that is lost. */
  readonly reachAll: Effect.Effect<void, SshError>
  /** Processes that belong on a host and are not there, or are nowhere. */
  readonly missing: (alias: string) => Effect.Effect<ReadonlyArray<string>>
  readonly forgetHost: (alias: string) => Effect.Effect<void>
}

/** Workers end before masters; those of one role in parallel. */
const scopeFor = Effect.gen(function*() {
  const outer = yield* Effect.scope
  const masters = yield* Scope.fork(outer, ExecutionStrategy.parallel)
  const workers = yield* Scope.fork(outer, ExecutionStrategy.parallel)
  return { master: masters, worker: workers }
})

/** @internal */
export const make = Effect.fnUntraced(function*(
  options: Options
): Effect.fn.Return<Changes, never, Scope.Scope> {
  const { blueprint, concurrency, emit, engine, hosts } = options
  const empty = ClusterPlan.ClusterPlan.make({ engine, processes: [], routes: [], environments: [], equal: [] })
  const plan = yield* Ref.make(empty)
  const units = yield* Ref.make<ReadonlyMap<string, ClusterUnit.Unit>>(new Map())
  const numbers = yield* Ref.make<ReadonlyMap<string, number>>(new Map())
  const environments = yield* Ref.make<ReadonlyMap<string, Provisioned>>(new Map())
  const homes = yield* Ref.make<ReadonlyMap<string, string>>(new Map())
  const avoided = yield* Ref.make<ReadonlyArray<{ readonly id: string; readonly place: string }>>([])
  const scopes = yield* scopeFor
  const context: Context = {
    engine,
    plan: Ref.get(plan),
    runtimeAt: hosts.at,
    environmentAt: (place) => Effect.map(Ref.get(environments), (all) => all.get(place)),
    taken: yield* Ref.make<ReadonlySet<number>>(new Set()),
    numbers,
    secrets: options.secrets,
    started: options.started,
    emit
  }

  const provision = (next: ClusterPlan.ClusterPlan) =>
    Effect.flatMap(Ref.get(environments), (made) =>
      Effect.flatMap(
        ClusterEnvironments.provision({ plan: next, manager: hosts.manager, runtimeAt: hosts.at, concurrency, made }),
        (all) => Ref.set(environments, all)
      ))

  const reach = (next: ClusterPlan.ClusterPlan) =>
    Effect.flatMap(
      Ref.get(units),
      (all) => Effect.forEach(all.values(), (unit) => unit.reach(next), { concurrency, discard: true })
    )

  const startOne = (process: ClusterPlan.ProcessPlan) =>
    Effect.tap(
      ClusterUnit.start({
        context,
        process,
        isUp: hosts.isUp(process.place),
        restart: options.restart,
        stable: options.stable,
        steady: Ref.update(avoided, (all) => all.filter(({ id }) => id !== process.id)),
        over: options.over
      }),
      (unit) => Ref.update(units, (all) => new Map([...all, [process.id, unit]]))
    )

  const startAll = (processes: ReadonlyArray<ClusterPlan.ProcessPlan>, role: "master" | "worker") =>
    parallelScopes.forEach(processes.filter((process) => process.role === role), startOne, {
      concurrency,
      recover: Effect.fail
    }).pipe(Scope.extend(scopes[role]))

  const forget = (ids: ReadonlyArray<string>) =>
    Effect.gen(function*() {
      const all = yield* Ref.get(units)
      yield* Ref.update(units, (all) => new Map([...all].filter(([id]) => !ids.includes(id))))
      yield* Effect.forEach(ids.flatMap((id) => all.get(id) ?? []), (unit) => unit.close, {
        concurrency,
        discard: true
      })
    })

  const drained = (gone: ReadonlyArray<ClusterUnit.Unit>) =>
    Effect.gen(function*() {
      const before = yield* Effect.forEach(gone, (unit) => unit.status)
      const ready = yield* Effect.forEach(gone, (unit) => unit.current)
      yield* Effect.forEach(gone, (unit) => unit.mark("draining"), { discard: true })
      yield* options.drain(ready.flatMap(Option.toArray)).pipe(
        Effect.onError(() =>
          Effect.forEach(gone, (unit, index) => unit.mark(before[index]?.state ?? "ready"), { discard: true })
        ),
        Effect.mapError(({ message }) =>
          new ClusterError({
            reason: "Drain",
            engine,
            host: gone.map(({ plan }) => plan.place).join(", "),
            step: gone.map(({ plan }) => plan.id).join(", "),
            detail: message,
            hint: "nothing was removed; a longer time to drain may help, or fewer workers at a time"
          })
        )
      )
    })

  /** With routes that go with those of what runs. What is moved does not: its host may have come back with another address. */
  const routed = (next: ClusterPlan.ClusterPlan, moved?: string) =>
    Effect.gen(function*() {
      const held = yield* Ref.get(plan)
      const now = ClusterPlan.ClusterPlan.make({
        ...held,
        processes: held.processes.filter(({ id }) => id !== moved)
      })
      const group = { runtimes: yield* hosts.there }
      return yield* Routes.settle(
        next,
        { manager: hosts.manager, group },
        held.processes.length === 0 ? undefined : now
      )
    })

  const apply: Changes["apply"] = (wanted) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.gen(function*() {
        const before = yield* Ref.get(plan)
        const next = yield* restore(routed(wanted))
        const running = yield* Ref.get(units)
        const added = next.processes.filter(({ id }) => !running.has(id))
        const removed = [...running.values()].filter(({ plan }) => !next.processes.some(({ id }) => id === plan.id))
        const both = ClusterPlan.ClusterPlan.make({ ...next, routes: [...before.routes, ...next.routes] })
        yield* restore(Effect.gen(function*() {
          yield* provision(next)
          yield* Ref.set(plan, next)
          yield* reach(both)
          yield* startAll(added, "master")
          yield* startAll(added, "worker")
          if (removed.length > 0) yield* drained(removed)
        })).pipe(
          Effect.onError(() =>
            Effect.gen(function*() {
              yield* Ref.set(plan, before)
              yield* forget(added.map(({ id }) => id))
              yield* Effect.ignoreLogged(reach(before))
            })
          )
        )
        yield* forget(removed.map(({ plan }) => plan.id))
        yield* Ref.set(homes, new Map(next.processes.map(({ id, place }) => [id, place])))
        yield* Effect.ignoreLogged(reach(next))
        if (running.size > 0) {
          yield* emit({
            _tag: "Changed",
            added: added.map(({ id }) => id),
            removed: removed.map(({ plan }) => plan.id)
          })
        }
      })
    )

  /** A seat for a process: at its home if it may go there, else one that nobody has. */
  const seatFor = Effect.fnUntraced(function*(process: ClusterPlan.ProcessPlan) {
    const now = yield* Ref.get(plan)
    const bad = (yield* Ref.get(avoided)).flatMap(({ id, place }) => id === process.id ? [place] : [])
    const all = (yield* hosts.there).map(ClusterPlaces.placeOf)
    const alive = new Set((yield* Ref.get(units)).keys())
    const others = now.processes.filter(({ id, role }) => role === "worker" && id !== process.id && alive.has(id))
    const launched = blueprint.launcher({
      manager: ClusterPlaces.placeOf(hosts.manager),
      hosts: all.filter(({ alias }) => !bad.includes(alias)),
      workers: now.processes.filter(({ role }) => role === "worker").length
    })
    const free = Blueprint.claim(launched.workers, others).flatMap(({ by, seat }) =>
      by === undefined ? [Blueprint.without(seat, others)] : []
    )
    const home = (yield* Ref.get(homes)).get(process.id)
    const count = (place: string) => others.filter((other) => other.place === place).length
    return free.find(({ place }) => place === home) ??
      free.toSorted((a, b) => count(a.place) - count(b.place))[0]
  })

  const placedAt = Effect.fnUntraced(function*(process: ClusterPlan.ProcessPlan, seat: Launcher.Seat) {
    const now = yield* Ref.get(plan)
    const master = now.processes.find(({ role }) => role === "master")?.place ?? hosts.manager.host.alias
    const { hosts: known, manager } = yield* places
    return Blueprint.placed(blueprint, {
      manager,
      hosts: known,
      master,
      workers: now.processes.filter(({ role }) => role === "worker").map((worker) =>
        worker.id === process.id ? { id: worker.id, seat } : { id: worker.id, seat: seatOf(worker) }
      )
    }, now.processes.filter(({ id }) => id !== process.id))
  })

  const places = Effect.map(hosts.there, (there) => ClusterPlaces.places(hosts.manager, there))

  const place = (id: string, why: string): Effect.Effect<void> =>
    Effect.gen(function*() {
      const before = yield* Ref.get(plan)
      const process = before.processes.find((one) => one.id === id)
      // Removed meanwhile.
      if (process === undefined) return
      const unit = (yield* Ref.get(units)).get(id)
      if (unit !== undefined && Option.isSome(yield* unit.current)) yield* Effect.ignoreLogged(drained([unit]))
      yield* forget([id])
      const seat = yield* seatFor(process)
      if (seat === undefined) {
        return yield* emit({ _tag: "GaveUp", process: id, host: process.place, detail: why })
      }
      const wanted = yield* placedAt(process, seat)
      const moved = wanted.processes.find((one) => one.id === id)
      if (moved === undefined) {
        return yield* emit({
          _tag: "GaveUp",
          process: id,
          host: process.place,
          detail: `${why}; no plan has it elsewhere`
        })
      }
      yield* emit({ _tag: "Moved", process: id, from: process.place, host: seat.place })
      const started = yield* Effect.either(Effect.gen(function*() {
        const next = yield* routed(wanted, id)
        yield* provision(next)
        yield* Ref.set(plan, next)
        yield* reach(next)
        yield* Scope.extend(startOne(moved), scopes[moved.role])
      }))
      if (started._tag === "Right") return
      const { detail } = started.left
      yield* Ref.set(plan, before)
      yield* emit({ _tag: "NotRestarted", process: id, host: seat.place, detail })
      yield* Ref.update(avoided, (all) => [...all, { id, place: seat.place }])
      return yield* place(id, detail)
    })

  return {
    plan: Ref.get(plan),
    units: Effect.zipWith(
      Ref.get(plan),
      Ref.get(units),
      ({ processes }, all) => processes.flatMap(({ id }) => all.get(id) ?? [])
    ),
    numbers: Ref.get(numbers),
    environments: Ref.get(environments),
    apply,
    place,
    avoid: (id, place) => Ref.update(avoided, (all) => [...all, { id, place }]),
    reachAll: Effect.flatMap(Ref.get(plan), reach),
    missing: (alias) =>
      Effect.gen(function*() {
        const all = yield* Ref.get(units)
        const home = yield* Ref.get(homes)
        const { processes } = yield* Ref.get(plan)
        return processes.flatMap(({ id }) => {
          const unit = all.get(id)
          return unit === undefined || (home.get(id) === alias && unit.plan.place !== alias) ? [id] : []
        })
      }),
    forgetHost: (alias) =>
      Effect.zipRight(
        Ref.update(avoided, (all) => all.filter(({ place }) => place !== alias)),
        Ref.update(environments, (all) => new Map([...all].filter(([place]) => place !== alias)))
      )
  }
})

const seatOf = ({ place, resources }: ClusterPlan.ProcessPlan): Launcher.Seat => ({
  place,
  cpus: resources?.cpus ?? 0,
  memory: resources?.memory ?? 0,
  gpus: resources?.gpus ?? []
})
