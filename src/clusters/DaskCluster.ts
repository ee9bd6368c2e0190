/**
 * Dask on SSH hosts: scheduler on the manager, workers on the hosts, a typed client.
 *
 * @since 0.1.0
 */
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Runtime from "../runtimes/Runtime.ts"
import type { RuntimeGroup } from "../runtimes/RuntimeGroup.ts"
import * as Progress from "../services/Progress.ts"
import type { PythonEnvironmentError } from "../services/PythonEnvironment.ts"
import type { RuntimeError } from "../services/RuntimeError.ts"
import type { Ssh } from "../services/Ssh.ts"
import type { SshConfigError, SshError } from "../services/SshError.ts"
import * as Cluster from "./Cluster.ts"
import { type ClusterError } from "./ClusterError.ts"
import { noHosts, placeOf } from "./clusterPlaces.ts"
import type { ClusterPlan, ProcessPlan } from "./ClusterPlan.ts"
import * as DaskClient from "./DaskClient.ts"
import * as DaskPlan from "./DaskPlan.ts"
import * as DaskTls from "./daskTls.ts"
import { renderWord } from "./planWords.ts"
import * as Routes from "./Routes.ts"

/**
 * What a Dask cluster may be told.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends DaskPlan.Options, Pick<Cluster.Options, "restart" | "stable"> {
  /** How long workers that are to be removed may take to hand their values on. Default 5 minutes. */
  readonly drainWithin?: Duration.DurationInput | undefined
  /** The options of the manager's own runtime: lease, working directory. */
  readonly manager?: Runtime.Options | undefined
  /** Is given the plan before anything of it starts. */
  readonly onPlan?: ((plan: ClusterPlan) => Effect.Effect<void>) | undefined
}

/**
 * A Dask cluster that runs: all workers are registered.
 *
 * @since 0.1.0
 * @category models
 */
export interface DaskCluster {
  readonly cluster: Cluster.Cluster
  readonly client: DaskClient.DaskClient
  /** For a `distributed.Client` of Python on the manager. */
  readonly schedulerAddress: string
  /** An interpreter on the manager that has the cluster's versions of Dask, and of Python. */
  readonly python: string
  /** With these in its environment a Python program on the manager says `Client()`, without an address, also over TLS. */
  readonly variables: Readonly<Record<string, string>>
  /** For a browser on the manager. */
  readonly dashboardUrl: string
}

/**
 * Every error that a Dask cluster can fail to start with.
 *
 * @since 0.1.0
 * @category errors
 */
export type StartError =
  | ClusterError
  | DaskClient.DaskError
  | PythonEnvironmentError
  | RuntimeError
  | SshConfigError
  | SshError

/**
 * The plan for a group, without starting anything.
 *
 * @since 0.1.0
 * @category constructors
 */
export const plan = (manager: Runtime.Runtime, group: RuntimeGroup, options: Options = {}) =>
  DaskPlan.plan(placeOf(manager), group.runtimes.map(placeOf), options)

/** The name that Dask knows a worker by. */
const nameOf = ({ argv }: ProcessPlan): ReadonlyArray<string> =>
  argv.flatMap((word, index) => argv[index - 1] === "--name" ? [renderWord(word)] : [])

/**
 * Starts a Dask cluster on a group and connects a client. Closing the scope ends client, workers and scheduler, in that
 * order. Fails with a `StartError`; then nothing stays behind.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * import { DaskCluster, RuntimeManager } from "lazycluster"
 * import { Effect } from "effect"
 *
 * const workers = Effect.gen(function*() {
 *   const group = yield* RuntimeManager.createGroup({ minCpuCores: 2 })
 *   const dask = yield* DaskCluster.make(group)
 *   return (yield* dask.client.info).workers.length
 * }).pipe(Effect.scoped)
 */
export const make = Effect.fn("DaskCluster.make")(function*(
  group: RuntimeGroup,
  options: Options = {}
): Effect.fn.Return<DaskCluster, StartError, Ssh | Scope.Scope> {
  const manager = yield* Runtime.manager(options.manager)
  if (group.runtimes.length === 0) return yield* noHosts("Dask", manager, group)
  const planned = yield* Routes.settle(plan(manager, group, options), { manager, group })
  if (options.onPlan !== undefined) yield* options.onPlan(planned)
  const driver = yield* Deferred.make<DaskClient.DaskClient>()
  const certificate = options.tls === true ? yield* DaskTls.make : undefined
  const started = yield* Cluster.start(planned, { manager, group }, {
    blueprint: DaskPlan.blueprint(options),
    secrets: certificate === undefined ? undefined : DaskTls.contents(certificate),
    restart: options.restart,
    stable: options.stable,
    drain: (workers) =>
      Effect.flatMap(
        Deferred.await(driver),
        (client) => client.retire(workers.flatMap(({ plan }) => nameOf(plan)), options.drainWithin ?? "5 minutes")
      )
  })
  const [scheduler, ...workers] = yield* started.processes
  const here = manager.host.alias
  const own = certificate === undefined ? {} : yield* DaskTls.variables(certificate, manager)
  const cluster = certificate === undefined ? started : {
    ...started,
    // The manager's programs are the cluster's: they have its certificate.
    variables: (place: string) =>
      Effect.map(started.variables(place), (variables) => place === here ? { ...variables, ...own } : variables)
  }
  const python = Option.getOrUndefined(yield* cluster.environment(here))?.python ?? "python3"
  const variables = yield* cluster.variables(here)
  const schedulerAddress = variables["DASK_SCHEDULER_ADDRESS"] ?? ""
  const client = yield* Progress.step(here, "connect the client", () =>
    Effect.gen(function*() {
      const { program, words } = yield* DaskClient.invocation(schedulerAddress)
      const process = yield* manager.python(program, words, { python, env: { ...DaskPlan.environment, ...own } })
      const client = yield* DaskClient.make({ process, host: here })
      yield* client.waitForWorkers(workers.length, "60 seconds")
      yield* Deferred.succeed(driver, client)
      return client
    }))
  return {
    cluster,
    client,
    schedulerAddress,
    python,
    variables,
    dashboardUrl: `http://127.0.0.1:${scheduler?.ports["http"] ?? 0}/status`
  }
})
