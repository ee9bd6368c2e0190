/**
 * How the plan of a cluster is made, again and again while it runs: for other hosts, another number of workers, another place
 * for one of them. An engine is a function that gives one; nothing here runs anything.
 *
 * @since 0.1.0
 */
import type { ClusterPlan, PlaceFacts, ProcessPlan } from "./ClusterPlan.ts"
import { ClusterPlan as Plan } from "./ClusterPlan.ts"
import * as Launcher from "./Launcher.ts"

/**
 * A worker and its seat.
 *
 * @since 0.1.0
 * @category models
 */
export interface Seated {
  readonly id: string
  readonly seat: Launcher.Seat
}

/**
 * What an engine makes a plan of.
 *
 * @since 0.1.0
 * @category models
 */
export interface Placement {
  readonly manager: Launcher.Place
  readonly hosts: ReadonlyArray<Launcher.Place>
  readonly master: string
  readonly workers: ReadonlyArray<Seated>
}

/**
 * An engine with its options.
 *
 * @since 0.1.0
 * @category models
 */
export interface Blueprint {
  readonly launcher: Launcher.Launcher
  /** How many workers; `undefined` leaves it to the launcher. */
  readonly workers?: number | undefined
  /** The engine's own function: the processes of these seats, and who must reach which of their ports. */
  readonly plan: (placement: Placement) => ClusterPlan
}

/**
 * An engine from its options and its own function. The launcher is `Launcher.roundRobin` where the options name none.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  options: { readonly launcher?: Launcher.Launcher | undefined; readonly workers?: number | undefined },
  plan: Blueprint["plan"]
): Blueprint => ({ launcher: options.launcher ?? Launcher.roundRobin, workers: options.workers, plan })

/**
 * What decides about processes, of all places.
 *
 * @internal
 */
export const factsOf = (places: ReadonlyArray<Launcher.Place>): ReadonlyArray<PlaceFacts> =>
  places.map(({ alias, facts: { cpus, gpus, memory, python } }) => ({
    place: alias,
    cpus,
    memory,
    gpus: gpus.length,
    python
  }))

const numbered = (taken: ReadonlySet<string>) => {
  const used = new Set(taken)
  return (): string => {
    for (let number = 1;; number++) {
      const id = `worker-${number}`
      if (!used.has(id)) {
        used.add(id)
        return id
      }
    }
  }
}

const sameGpus = (process: ProcessPlan, seat: Launcher.Seat): boolean =>
  (process.resources?.gpus ?? []).join() === seat.gpus.join()

/**
 * Which seats are those of workers that run: with the same GPUs, else any of the same host.
 *
 * @internal
 */
export const claim = (
  seats: ReadonlyArray<Launcher.Seat>,
  workers: ReadonlyArray<ProcessPlan>
): ReadonlyArray<{ readonly seat: Launcher.Seat; readonly by: string | undefined }> => {
  const left = [...workers]
  const take = (fits: (process: ProcessPlan) => boolean) => {
    const index = left.findIndex(fits)
    return index < 0 ? undefined : left.splice(index, 1)[0]?.id
  }
  const exact = seats.map((seat) => take((process) => process.place === seat.place && sameGpus(process, seat)))
  return seats.map((seat, index) => ({ seat, by: exact[index] ?? take(({ place }) => place === seat.place) }))
}

/**
 * A new worker does not get the GPUs of one that runs and stays as it is.
 *
 * @internal
 */
export const without = (seat: Launcher.Seat, running: ReadonlyArray<ProcessPlan>): Launcher.Seat => {
  const taken = running.filter(({ place }) => place === seat.place).flatMap(({ resources }) => resources?.gpus ?? [])
  return { ...seat, gpus: seat.gpus.filter((gpu) => !taken.includes(gpu)) }
}

/**
 * The plan for hosts. Workers that run already stay as they are where the launcher gives their host a seat; new ones have ids
 * of their own, and those without a seat are left out.
 *
 * @since 0.1.0
 * @category combinators
 */
export const plan = (
  blueprint: Blueprint,
  places: { readonly manager: Launcher.Place; readonly hosts: ReadonlyArray<Launcher.Place> },
  running: ReadonlyArray<ProcessPlan> = [],
  workers: number | undefined = blueprint.workers
): ClusterPlan => {
  const launched = blueprint.launcher({ ...places, workers })
  const left = running.filter(({ role }) => role === "worker")
  const fresh = numbered(new Set(running.map(({ id }) => id)))
  const seated = claim(launched.workers, left).map(({ by, seat }): Seated => ({
    id: by ?? fresh(),
    seat: by === undefined ? without(seat, left) : seat
  }))
  return placed(blueprint, { ...places, master: launched.master, workers: seated }, running)
}

/**
 * The plan for seats that are known. Processes that run already at their place are taken over as they are.
 *
 * @internal
 */
export const placed = (
  blueprint: Blueprint,
  placement: Placement,
  running: ReadonlyArray<ProcessPlan>
): ClusterPlan => {
  const made = blueprint.plan(placement)
  const used = [placement.manager, ...placement.hosts].filter(({ alias }) => made.places.includes(alias))
  return Plan.make({
    ...made,
    facts: factsOf(used),
    processes: made.processes.map((process) =>
      running.find(({ id, place }) => id === process.id && place === process.place) ?? process
    )
  })
}

/**
 * A plan as a blueprint: its processes, no more and no fewer. A worker whose host is lost may move to another one.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fixed = (plan: ClusterPlan): Blueprint => {
  const workers = plan.processes.filter(({ role }) => role === "worker")
  const masters = plan.processes.filter(({ role }) => role === "master")
  return {
    workers: workers.length,
    launcher: ({ hosts, manager }) => ({
      master: masters[0]?.place ?? manager.alias,
      workers: Launcher.seats(workers.flatMap(({ place }, index) => {
        const at = [manager, ...hosts].find(({ alias }) => alias === place) ?? hosts[index % hosts.length]
        return at === undefined ? [] : [at]
      }))
    }),
    plan: (placement) => {
      const processes = [
        ...masters,
        ...placement.workers.flatMap(({ id, seat }) =>
          workers.filter((worker) => worker.id === id).map((worker) => ({ ...worker, place: seat.place }))
        )
      ]
      const places = [...new Set(processes.map(({ place }) => place))]
      const packages = plan.environments.filter((environment) =>
        workers.some(({ place }) => environment.places.includes(place))
      )
      return Plan.make({
        ...plan,
        processes,
        routes: plan.routes.filter(({ process }) => processes.some(({ id }) => id === process)).map((route) => {
          const own = processes.find(({ id }) => id === route.process)?.place
          const moved = places.filter((place) => workersAt(processes, place))
          return { ...route, places: [...new Set([...route.places, ...moved])].filter((place) => place !== own) }
        }),
        environments: [
          ...plan.environments,
          // What a worker that moves finds where it comes to.
          ...packages.slice(0, 1).map((environment) => ({
            ...environment,
            places: places.filter((place) => !plan.environments.some((known) => known.places.includes(place)))
          })).filter((environment) => environment.places.length > 0)
        ]
      })
    }
  }
}

const workersAt = (processes: ReadonlyArray<ProcessPlan>, place: string): boolean =>
  processes.some((process) => process.role === "worker" && process.place === place)
