/**
 * The one interpreter of cluster plans: environments, ports and tunnels, processes, readiness; and the way back.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as PubSub from "effect/PubSub"
import * as Ref from "effect/Ref"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as allOrNothing from "../internal/allOrNothing.ts"
import * as parallelScopes from "../internal/parallelScopes.ts"
import type { Runtime } from "../runtimes/Runtime.ts"
import type { RuntimeGroup } from "../runtimes/RuntimeGroup.ts"
import type { Provisioned, PythonEnvironmentError } from "../services/PythonEnvironment.ts"
import type { SshError } from "../services/SshError.ts"
import * as ClusterEnvironments from "./ClusterEnvironments.ts"
import { ClusterError } from "./ClusterError.ts"
import type { ClusterEvent } from "./ClusterEvent.ts"
import * as ClusterPlan from "./ClusterPlan.ts"
import * as ClusterProcess from "./ClusterProcess.ts"

/**
 * A cluster that runs.
 *
 * @since 0.1.0
 * @category models
 */
export interface Cluster {
  readonly plan: ClusterPlan.ClusterPlan
  readonly manager: Runtime
  readonly group: RuntimeGroup
  readonly processes: ReadonlyArray<ClusterProcess.ClusterProcess>
  /** The number of a port of the plan. */
  readonly port: (process: string, name: string) => number
  /** The Python environment at a place. */
  readonly environment: (place: string) => Provisioned | undefined
  /** What happens from now on; slow readers lose the oldest. */
  readonly events: Stream.Stream<ClusterEvent>
}

/** Events that wait for a slow reader. */
const eventBuffer = 256

/**
 * Brings a plan up on a group: first its masters, then its workers, these in parallel. When it fails, nothing stays behind;
 * when the scope closes, workers end before masters. Fails with `ClusterError`, `SshError`, `PythonEnvironmentError`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const start = Effect.fn("Cluster.start")(function*(
  plan: ClusterPlan.ClusterPlan,
  places: { readonly manager: Runtime; readonly group: RuntimeGroup }
): Effect.fn.Return<Cluster, ClusterError | SshError | PythonEnvironmentError, Scope.Scope> {
  yield* Effect.annotateCurrentSpan("engine", plan.engine)
  return yield* allOrNothing.make(acquire(plan, places))
})

const acquire = Effect.fnUntraced(function*(
  plan: ClusterPlan.ClusterPlan,
  places: { readonly manager: Runtime; readonly group: RuntimeGroup }
) {
  const { group, manager } = places
  const runtimes = new Map([manager, ...group.runtimes].map((runtime) => [runtime.host.alias, runtime]))
  const unknown = plan.places.filter((place) => !runtimes.has(place))
  const faults = [...ClusterPlan.faults(plan), ...unknown.map((place) => `there is no runtime on ${place}`)]
  if (faults.length > 0) {
    return yield* new ClusterError({
      reason: "Plan",
      engine: plan.engine,
      host: manager.host.alias,
      step: "plan",
      detail: faults.join("; "),
      hint: "nothing was started; `ClusterPlan.render` prints the plan: correct what it is made from"
    })
  }
  const runtimeAt = (place: string): Runtime => runtimes.get(place) ?? manager
  const environments = yield* ClusterEnvironments.provision({
    plan,
    manager,
    runtimeAt,
    concurrency: group.concurrency
  })

  const events = yield* Effect.acquireRelease(PubSub.sliding<ClusterEvent>(eventBuffer), PubSub.shutdown)
  const numbers = yield* Ref.make<ReadonlyMap<string, number>>(new Map())
  const context: ClusterProcess.Context = {
    plan,
    runtimeAt,
    environmentAt: (place) => environments.get(place)?.directory,
    taken: yield* Ref.make<ReadonlySet<number>>(new Set()),
    numbers,
    emit: (event) => PubSub.publish(events, event)
  }
  yield* Effect.forEach([manager, ...group.runtimes], (runtime) =>
    runtime.link.pipe(
      Stream.runForEach((state) => context.emit({ _tag: "Link", host: runtime.host.alias, state })),
      Effect.forkScoped
    ))
  const startAll = (role: "master" | "worker") =>
    parallelScopes.forEach(
      plan.processes.filter((process) => process.role === role),
      (process) => ClusterProcess.start(context, process),
      { concurrency: group.concurrency, recover: Effect.fail }
    )
  const masters = yield* startAll("master")
  const workers = yield* startAll("worker")
  const known = yield* Ref.get(numbers)
  const cluster: Cluster = {
    plan,
    manager,
    group,
    processes: [...masters, ...workers],
    port: (process, name) => known.get(`${process}.${name}`) ?? 0,
    environment: (place) => environments.get(place),
    events: Stream.fromPubSub(events)
  }
  return cluster
})
