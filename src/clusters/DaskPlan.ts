/**
 * What a Dask cluster is made of: a pure function from options and facts to a plan.
 *
 * @since 0.1.0
 */
import * as Requirements from "../services/Requirements.ts"
import * as Blueprint from "./Blueprint.ts"
import type { Placement, Seated } from "./Blueprint.ts"
import {
  addressWord,
  ClusterPlan,
  environmentWord,
  portWord,
  type ProcessPlan,
  type Routing,
  type Word
} from "./ClusterPlan.ts"
import { daskPackages, daskSharedVersions, daskWorkerPackages } from "./daskPackages.ts"
import * as DaskTls from "./daskTls.ts"
import type * as Launcher from "./Launcher.ts"
import * as Routes from "./Routes.ts"

/**
 * What a Dask cluster may be told.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** How many workers. Default: one a host, or as many as the launcher says. */
  readonly workers?: number | undefined
  /** Where scheduler and workers run. Default `Launcher.roundRobin`: the scheduler on the manager. */
  readonly launcher?: Launcher.Launcher | undefined
  /** Threads of each worker. Default: the cores of its seat. */
  readonly threads?: number | undefined
  /** Bytes that each worker may hold before it spills and pauses. Default: the memory of its seat. */
  readonly memoryLimit?: number | undefined
  /**
   * Runs each worker under a nanny of Dask's, which starts it again when it grows over its limit. Default `false`: what ends
   * is started again by the cluster.
   */
  readonly nanny?: boolean | undefined
  /** The name of a worker for Dask, where it is not its id in the plan, as `worker-1`. No two may have one. */
  readonly name?: ((worker: Seated) => string) | undefined
  /** Abstract resources of each worker, as `{ GPU: 2 }`, that tasks can ask for. */
  readonly resources?: Readonly<Record<string, number>> | undefined
  /** The scheduler's port, tried first. Default 8786; then 60001 to 60199. */
  readonly port?: number | undefined
  /** The port of the scheduler's pages, tried first. Default 8787; then the same. */
  readonly dashboardPort?: number | undefined
  /** The packages of all places, pinned. Default: dask[distributed] with all that it needs. */
  readonly packages?: Requirements.Requirements | undefined
  /** What functions and programs need beside these on all places, pinned: `["numpy==2.2.6"]`. */
  readonly extraPackages?: Requirements.Requirements | undefined
  /**
   * An interpreter that is on all machines, the manager among them, with Dask: a path, or a name on the `PATH`. Then nothing is
   * made; it is checked for the packages that are named here, and for equal versions of what Dask must share.
   */
  readonly python?: string | undefined
  /**
   * How scheduler and workers reach one another. `tunnel`: through the manager, on loopback only. `direct`: at addresses of their
   * hosts, where whoever reaches these reaches Dask. Default `auto`: tunnels, as long as what Dask sends is not encrypted.
   */
  readonly routes?: Routing["asked"] | undefined
  /**
   * Whether all that Dask sends is encrypted, and only those are let in who have the cluster's own certificate, made for it
   * alone. Default `false`: what goes through tunnels is encrypted by SSH, and its ports are for users of the machines.
   */
  readonly tls?: boolean | undefined
  /** Seconds until scheduler and workers must be ready. Default 60. */
  readonly deadline?: number | undefined
}

const ports = { from: 60001, to: 60199 }

/**
 * What every process of Dask has in its environment. It keeps scratch files in the system's temporary directory otherwise, where a killed one leaves them.
 *
 * @internal
 */
export const environment: Readonly<Record<string, string>> = { DASK_TEMPORARY_DIRECTORY: "." }

const dask = (...args: ReadonlyArray<Word>): readonly [Word, ...Array<Word>] => [
  environmentWord("bin/python"),
  "-m",
  "dask",
  ...args
]

/** A worker that computes has little time for questions: two minutes, before it is taken for dead. */
const health = {
  probe: { _tag: "Http", port: "http", path: "/health", contains: "ok" },
  every: 20,
  failures: 6
} as const

const scheme = ({ tls }: Options) => tls === true ? "tls://" : "tcp://"

const common = ({ tls }: Options) =>
  tls === true
    ? { env: { ...environment, ...DaskTls.environment }, secrets: [...DaskTls.secrets] }
    : { env: environment }

const scheduler = (place: string, options: Options): ProcessPlan => ({
  id: "scheduler",
  role: "master",
  place,
  argv: dask(
    "scheduler",
    "--host",
    addressWord("", "scheduler", "comm"),
    "--port",
    portWord("", "scheduler", "comm"),
    "--dashboard-address",
    portWord("127.0.0.1:", "scheduler", "http"),
    ...(options.tls === true ? ["--protocol", "tls", ...DaskTls.flags] : [])
  ),
  ...common(options),
  ports: [
    { name: "comm", preferred: options.port ?? 8786, ...ports },
    { name: "http", preferred: options.dashboardPort ?? 8787, ...ports }
  ],
  ready: health.probe,
  health,
  deadline: options.deadline ?? 60
})

const worker = (seated: Seated, hasGpus: boolean, options: Options): ProcessPlan => {
  const { id, seat } = seated
  const shared = common(options)
  const resources = Object.entries(options.resources ?? {}).map(([name, amount]) => `${name}=${amount}`)
  return {
    id,
    role: "worker",
    place: seat.place,
    // One address from everywhere: that of its host, or, through tunnels, the same port of everybody's own loopback.
    argv: dask(
      "worker",
      addressWord(scheme(options), "scheduler", "comm"),
      "--listen-address",
      addressWord(scheme(options), id, "comm"),
      "--contact-address",
      addressWord(scheme(options), id, "comm"),
      "--dashboard-address",
      portWord("127.0.0.1:", id, "http"),
      ...(options.nanny === true ? ["--nanny", "--nanny-port", portWord("", id, "nanny")] : ["--no-nanny"]),
      "--name",
      options.name?.(seated) ?? id,
      "--nthreads",
      String(options.threads ?? Math.max(1, Math.floor(seat.cpus))),
      "--memory-limit",
      String(options.memoryLimit ?? seat.memory),
      ...(resources.length === 0 ? [] : ["--resources", resources.join(" ")]),
      "--local-directory",
      id,
      "--death-timeout",
      "60",
      ...(options.tls === true ? DaskTls.flags : [])
    ),
    ...shared,
    env: { ...shared.env, ...(hasGpus ? { CUDA_VISIBLE_DEVICES: seat.gpus.join(",") } : {}) },
    ports: [
      { name: "comm", ...ports },
      { name: "http", ...ports },
      ...(options.nanny === true ? [{ name: "nanny", ...ports }] : [])
    ],
    ready: health.probe,
    health,
    deadline: options.deadline ?? 60,
    resources: { cpus: seat.cpus, memory: seat.memory, gpus: [...seat.gpus] }
  }
}

/** The scheduler's places have Dask's pages as well; an interpreter that was there is asked for what its user names. */
const environmentsOf = (
  { extraPackages = [], packages, python }: Options,
  places: ReadonlyArray<string>,
  others: ReadonlyArray<string>
): ClusterPlan["environments"] => {
  const all = (own: Requirements.Requirements) => Requirements.merge(packages ?? own, extraPackages)
  if (python !== undefined) return [{ places: [...places, ...others], packages: all([]), python }]
  return [
    { places, packages: all(daskPackages) },
    ...(others.length === 0 ? [] : [{ places: others, packages: all(daskWorkerPackages) }])
  ]
}

const placement = ({ hosts, manager, master, workers: seated }: Placement, options: Options): ClusterPlan => {
  const gpus = new Set(hosts.filter(({ facts }) => facts.gpus.length > 0).map(({ alias }) => alias))
  const workers = seated.map((one) => worker(one, gpus.has(one.seat.place), options))
  const workerHosts = [...new Set(workers.map(({ place }) => place))]
  const machines = [...new Set([manager.alias, master, ...workerHosts])]
  const ownHosts = workerHosts.filter((host) => host !== master && host !== manager.alias)
  return Routes.chosen(ClusterPlan.make({
    engine: "Dask",
    processes: [scheduler(master, options), ...workers],
    routes: [
      { process: "scheduler", port: "comm", places: machines.filter((place) => place !== master) },
      // The dashboard opens on the manager.
      ...(master === manager.alias ? [] : [{ process: "scheduler", port: "http", places: [manager.alias] }]),
      ...workers.flatMap(({ id, place, ports }) =>
        ports.filter(({ name }) => name !== "http").map(({ name }) => ({
          process: id,
          port: name,
          places: machines.filter((other) => other !== place)
        }))
      )
    ],
    environments: environmentsOf(options, [...new Set([manager.alias, master])], ownHosts),
    equal: [...daskSharedVersions],
    dashboard: { process: "scheduler", port: "http", path: "/status" },
    routing: { asked: options.routes ?? "auto", encrypted: options.tls === true },
    // What a `Client()` of Python reads.
    variables: { DASK_SCHEDULER_ADDRESS: addressWord(scheme(options), "scheduler", "comm") }
  }))
}

/**
 * Dask with its options: a plan for whatever hosts and seats there are. Every worker is reachable from the manager and from the
 * hosts of the others.
 *
 * @since 0.1.0
 * @category constructors
 */
export const blueprint = (options: Options = {}): Blueprint.Blueprint =>
  Blueprint.make(options, (placed) => placement(placed, options))

/**
 * The plan of a Dask cluster on these hosts.
 *
 * @since 0.1.0
 * @category constructors
 */
export const plan = (
  manager: Launcher.Place,
  hosts: ReadonlyArray<Launcher.Place>,
  options: Options = {}
): ClusterPlan => Blueprint.plan(blueprint(options), { manager, hosts })
