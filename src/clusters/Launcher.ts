/**
 * Where master and workers of a cluster run, and what each may use: a function of the hosts and their facts.
 *
 * @since 0.1.0
 */
import type { HostFacts } from "../services/HostFacts.ts"

/**
 * A machine and its facts. The manager's alias is `(manager)`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Place {
  readonly alias: string
  readonly facts: Pick<HostFacts, "cpus" | "memory" | "gpus" | "python">
}

/**
 * A seat of a worker: its host, and what it may use there.
 *
 * @since 0.1.0
 * @category models
 */
export interface Seat {
  readonly place: string
  readonly cpus: number
  /** Bytes. */
  readonly memory: number
  /** Indices of the GPUs that are its own. */
  readonly gpus: ReadonlyArray<number>
}

/**
 * What a launcher is asked: which of these hosts, and how many workers; `undefined` leaves the number to the launcher.
 *
 * @since 0.1.0
 * @category models
 */
export interface Request {
  readonly manager: Place
  readonly hosts: ReadonlyArray<Place>
  readonly workers: number | undefined
}

/**
 * What it answers.
 *
 * @since 0.1.0
 * @category models
 */
export interface Launch {
  /** The alias of the manager or of a host. */
  readonly master: string
  readonly workers: ReadonlyArray<Seat>
}

/**
 * A strategy. It is asked again, of other hosts or for another number, whenever a cluster scales, heals, or gets or loses a host.
 *
 * @since 0.1.0
 * @category models
 */
export type Launcher = (request: Request) => Launch

/**
 * Seats from places, in order: those of one host share its cores and memory, and each GPU is one worker's.
 *
 * @since 0.1.0
 * @category constructors
 */
export const seats = (places: ReadonlyArray<Place>): ReadonlyArray<Seat> =>
  places.map((place, index) => {
    const beside = places.filter(({ alias }) => alias === place.alias).length
    const turn = places.slice(0, index).filter(({ alias }) => alias === place.alias).length
    return {
      place: place.alias,
      cpus: place.facts.cpus / beside,
      memory: Math.floor(place.facts.memory / beside),
      gpus: place.facts.gpus.filter((_, gpu) => gpu % beside === turn).map((gpu) => gpu.index)
    }
  })

/** One after the other, until so many are dealt; a place that has had its share is passed over. */
const deal = (
  hosts: ReadonlyArray<Place>,
  workers: number,
  most: (place: Place) => number
): ReadonlyArray<Place> => {
  const dealt: Array<Place> = []
  for (let round = 0; dealt.length < workers; round++) {
    const now = hosts.filter((place) => most(place) > round)
    if (now.length === 0) return dealt
    dealt.push(...now.slice(0, workers - dealt.length))
  }
  return dealt
}

/** So many a host, dealt out one after the other, each with what it was counted by. */
const share =
  (fits: (place: Place) => number, cut: (seat: Seat, facts: Place["facts"], turn: number) => Seat): Launcher =>
  ({ hosts, manager, workers }) => {
    const all = hosts.reduce((sum, place) => sum + fits(place), 0)
    const dealt = deal(hosts, Math.min(workers ?? all, all), fits)
    const turn = (index: number) => dealt.slice(0, index).filter((place) => place === dealt[index]).length
    return {
      master: manager.alias,
      workers: seats(dealt).map((seat, index) => cut(seat, dealt[index]?.facts ?? manager.facts, turn(index)))
    }
  }

/**
 * The master on the manager, the workers round robin over the hosts: one a host, if no number is asked for.
 *
 * @since 0.1.0
 * @category launchers
 */
export const roundRobin: Launcher = ({ hosts, manager, workers }) => ({
  master: manager.alias,
  workers: seats(deal(hosts, workers ?? hosts.length, () => Infinity))
})

/**
 * So many workers on each host, no more.
 *
 * @since 0.1.0
 * @category launchers
 */
export const perHost = (count: number): Launcher => share(() => count, (seat) => seat)

/**
 * A worker for each so many cores of a host. A host with fewer gets none.
 *
 * @since 0.1.0
 * @category launchers
 */
export const byCores = (each: number): Launcher =>
  share(({ facts }) => Math.floor(facts.cpus / each), (seat) => ({ ...seat, cpus: each }))

/**
 * A worker for each so many bytes of a host's memory. A host with less gets none.
 *
 * @since 0.1.0
 * @category launchers
 */
export const byMemory = (each: number): Launcher =>
  share(({ facts }) => Math.floor(facts.memory / each), (seat) => ({ ...seat, memory: each }))

/**
 * A worker for each so many GPUs of a host, whose indices its seat has. A host with fewer gets none.
 *
 * @since 0.1.0
 * @category launchers
 */
export const byGpus = (each = 1): Launcher =>
  share(({ facts }) => Math.floor(facts.gpus.length / each), (seat, { gpus }, turn) => ({
    ...seat,
    gpus: gpus.slice(turn * each, (turn + 1) * each).map(({ index }) => index)
  }))

/**
 * The same without GPUs: workers see none, and hold none that others could use.
 *
 * @since 0.1.0
 * @category combinators
 */
export const withoutGpus = (launcher: Launcher = roundRobin): Launcher => (request) => {
  const launched = launcher(request)
  return { ...launched, workers: launched.workers.map((seat) => ({ ...seat, gpus: [] })) }
}

/**
 * The same on some hosts only: those that are named, or that a predicate takes.
 *
 * @since 0.1.0
 * @category combinators
 */
export const on =
  (hosts: ReadonlyArray<string> | ((place: Place) => boolean), launcher: Launcher = roundRobin): Launcher =>
  (request) =>
    launcher({
      ...request,
      hosts: request.hosts.filter((place) => typeof hosts === "function" ? hosts(place) : hosts.includes(place.alias))
    })

/**
 * The same with the master on a host. Its ports are reached from the manager and from the hosts of workers.
 *
 * @since 0.1.0
 * @category combinators
 * @example
 * import { Launcher } from "lazycluster"
 *
 * // The master on host-1; a worker for each GPU of the hosts that have some.
 * const launcher = Launcher.masterOn("host-1", Launcher.byGpus())
 */
export const masterOn = (host: string, launcher: Launcher = roundRobin): Launcher => (request) => ({
  ...launcher(request),
  master: host
})
