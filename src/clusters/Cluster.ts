/**
 * The one interpreter of cluster plans: environments, ports and tunnels, processes, readiness; then it heals and scales what
 * runs; and the way back.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import type * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import type * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import * as allOrNothing from "../internal/allOrNothing.ts"
import type { Runtime } from "../runtimes/Runtime.ts"
import type { RuntimeGroup } from "../runtimes/RuntimeGroup.ts"
import type { Host } from "../services/Host.ts"
import type { Provisioned } from "../services/PythonEnvironment.ts"
import type { Ssh } from "../services/Ssh.ts"
import type * as Blueprint from "./Blueprint.ts"
import type * as ClusterChanges from "./clusterChanges.ts"
import { ClusterError } from "./ClusterError.ts"
import type { ClusterEvent } from "./ClusterEvent.ts"
import type * as ClusterHosts from "./clusterHosts.ts"
import type * as ClusterLog from "./ClusterLog.ts"
import type * as ClusterPlan from "./ClusterPlan.ts"
import type { ClusterProcess } from "./ClusterProcess.ts"
import * as ClusterRun from "./ClusterRun.ts"
import * as ClusterStart from "./clusterStart.ts"
import type { ClusterStatus } from "./ClusterStatus.ts"

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
  /** What a program at a place finds in its environment by the plan: addresses, as the place reaches them. */
  readonly variables: (place: string) => Effect.Effect<Readonly<Record<string, string>>>
  /** What its processes print, of each run of them on whatever host; it ends with the cluster. */
  readonly logs: (options?: ClusterLog.Options) => Stream.Stream<ClusterLog.Line>
  /** The URL of the engine's page for people, where it has one: it opens on the manager. */
  readonly dashboard: Effect.Effect<Option.Option<string>>
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
  /** Is told of every event, from the first one on; what happens next waits for it. */
  readonly onEvent?: ((event: ClusterEvent) => Effect.Effect<void>) | undefined
  /**
   * What processes of the plan name in `secrets`. Each is in a file of mode 0600 of the process that names it, and nowhere
   * else: not in the plan, in no command line, in no environment.
   */
  readonly secrets?: Readonly<Record<string, Redacted.Redacted>> | undefined
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
  return yield* allOrNothing.make(ClusterStart.acquire(plan, places, options))
})

/**
 * So many workers from now on. New ones are started first; then the work is taken off those that are too many, and they end.
 * When that fails, or is interrupted, the cluster is as it was. One change at a time: others wait.
 *
 * @since 0.1.0
 * @category changes
 * @example
 * import { Cluster, ClusterPlan, DaskCluster, RuntimeManager } from "lazycluster"
 * import { Effect } from "effect"
 *
 * const larger = Effect.gen(function*() {
 *   const { cluster } = yield* DaskCluster.make(yield* RuntimeManager.createGroup())
 *   const before = yield* cluster.plan
 *   yield* Cluster.scale(cluster, 6)
 *   return ClusterPlan.renderDiff(ClusterPlan.diff(before, yield* cluster.plan))
 * })
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

/** So often fewer workers must have been enough, one time after the other, before any is taken away. */
const patience = 3

/**
 * Scales by itself between bounds, as long as the scope is open: at once to as many workers as are wanted, and down once fewer
 * have been enough for a while. `by` tells how many are wanted, as the engine's own queue does (`client.wanted()` of Dask).
 * What fails is logged, and tried again.
 *
 * @since 0.1.0
 * @category changes
 */
export const adapt = <E extends { readonly message: string }, R>(self: Cluster, options: {
  readonly min: number
  readonly max: number
  readonly by: Effect.Effect<number, E, R>
  /** Default 5 seconds. */
  readonly every?: Duration.DurationInput | undefined
}): Effect.Effect<void, never, R | Scope.Scope> =>
  Effect.gen(function*() {
    const { by, every = "5 seconds", max, min } = options
    const lower = yield* Ref.make<ReadonlyArray<number>>([])
    const once = Effect.gen(function*() {
      const wanted = Math.max(min, Math.min(max, yield* by))
      const { processes } = yield* self.plan
      const now = processes.filter(({ role }) => role === "worker").length
      const seen = yield* Ref.updateAndGet(lower, (all) => wanted < now ? [...all, wanted] : [])
      const next = wanted > now ? wanted : seen.length < patience ? now : Math.max(...seen)
      if (next === now) return
      yield* Ref.set(lower, [])
      yield* scale(self, next)
    })
    yield* once.pipe(
      Effect.catchAll((error) => Effect.logWarning(`the cluster stays as it is: ${error.message}`)),
      Effect.zipRight(Effect.sleep(every)),
      Effect.forever,
      Effect.interruptible,
      Effect.forkScoped
    )
  })

/**
 * Runs a program against a cluster: a command or a Python file, on the manager or on a host, in the cluster's Python environment
 * and with its addresses in the environment. See `ClusterRun`.
 *
 * @since 0.1.0
 * @category execution
 */
export const run: typeof ClusterRun.run = ClusterRun.run
