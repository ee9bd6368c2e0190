/**
 * What a Dask cluster is made of: a pure function from options and facts to a plan.
 *
 * @since 0.1.0
 */
import type { HostFacts } from "../services/HostFacts.ts"
import { ClusterPlan, environmentWord, portWord, type ProcessPlan, type Word } from "./ClusterPlan.ts"
import { daskPackages, daskSharedVersions, daskWorkerPackages } from "./daskPackages.ts"

/**
 * What a Dask cluster may be told.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Default: one a host. They are dealt out round robin. */
  readonly workers?: number | undefined
  /** Threads of each worker. Default: the cores of its host, shared among the workers there. */
  readonly threads?: number | undefined
  /** Bytes that each worker may hold before it spills and pauses. Default: the memory of its host, shared likewise. */
  readonly memoryLimit?: number | undefined
  /** The scheduler's port, tried first. Default 8786; then 60001 to 60199. */
  readonly port?: number | undefined
  /** The packages of all places, pinned. Default: dask[distributed] with all that it needs. */
  readonly packages?: ReadonlyArray<string> | undefined
  /** Seconds until scheduler and workers must be ready. Default 60. */
  readonly deadline?: number | undefined
}

/** A host and its facts. */
interface Place {
  readonly alias: string
  readonly facts: HostFacts
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

const scheduler = (manager: Place, options: Options): ProcessPlan => ({
  id: "scheduler",
  role: "master",
  place: manager.alias,
  argv: dask(
    "scheduler",
    "--host",
    "127.0.0.1",
    "--port",
    portWord("", "scheduler", "comm"),
    "--dashboard-address",
    portWord("127.0.0.1:", "scheduler", "http")
  ),
  env: environment,
  ports: [
    { name: "comm", preferred: options.port ?? 8786, ...ports },
    { name: "http", preferred: 8787, ...ports }
  ],
  ready: { _tag: "Http", port: "http", path: "/health", contains: "ok" },
  deadline: options.deadline ?? 60
})

const worker = (place: Place, index: number, beside: number, options: Options): ProcessPlan => {
  const id = `worker-${index + 1}`
  const threads = options.threads ?? Math.max(1, Math.floor(place.facts.cpus / beside))
  const memory = options.memoryLimit ?? Math.floor(place.facts.memory / beside)
  return {
    id,
    role: "worker",
    place: place.alias,
    // One address from everywhere: other workers and the scheduler reach it under the same port of their own loopback.
    argv: dask(
      "worker",
      portWord("tcp://127.0.0.1:", "scheduler", "comm"),
      "--listen-address",
      portWord("tcp://127.0.0.1:", id, "comm"),
      "--contact-address",
      portWord("tcp://127.0.0.1:", id, "comm"),
      "--dashboard-address",
      portWord("127.0.0.1:", id, "http"),
      "--no-nanny",
      "--name",
      id,
      "--nthreads",
      String(threads),
      "--memory-limit",
      String(memory),
      "--local-directory",
      id,
      "--death-timeout",
      "60"
    ),
    env: environment,
    ports: [{ name: "comm", ...ports }, { name: "http", ...ports }],
    ready: { _tag: "Http", port: "http", path: "/health", contains: "ok" },
    deadline: options.deadline ?? 60
  }
}

/**
 * Scheduler on the manager, workers round robin over the hosts, every worker reachable from the manager and from the hosts
 * of the others.
 *
 * @since 0.1.0
 * @category constructors
 */
export const plan = (manager: Place, hosts: ReadonlyArray<Place>, options: Options = {}): ClusterPlan => {
  const count = hosts.length === 0 ? 0 : options.workers ?? hosts.length
  const dealt = Array.from({ length: count }, (_, index) => index % hosts.length)
  const workers = dealt.flatMap((at, index) => {
    const place = hosts[at]
    return place === undefined ? [] : [worker(place, index, dealt.filter((other) => other === at).length, options)]
  })
  const workerHosts = [...new Set(workers.map((worker) => worker.place))]
  return ClusterPlan.make({
    engine: "Dask",
    processes: [scheduler(manager, options), ...workers],
    routes: [
      { process: "scheduler", port: "comm", places: workerHosts },
      ...workers.map((worker) => ({
        process: worker.id,
        port: "comm",
        places: [manager.alias, ...workerHosts.filter((host) => host !== worker.place)]
      }))
    ],
    environments: [
      { places: [manager.alias], packages: [...(options.packages ?? daskPackages)] },
      { places: workerHosts, packages: [...(options.packages ?? daskWorkerPackages)] }
    ],
    equal: [...daskSharedVersions]
  })
}
