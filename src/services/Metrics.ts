/**
 * What is counted, for `effect/Metric` and what reads it (OpenTelemetry, Prometheus). Each has the tag `host`.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import type * as Scope from "effect/Scope"

/**
 * Connections (TCP) to hosts that were opened.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * import { Effect, Metric } from "effect"
 * import { Metrics } from "lazycluster"
 *
 * const opened = Metric.value(Metric.tagged(Metrics.connectionsOpened, "host", "host-1")).pipe(
 *   Effect.map(({ count }) => count)
 * )
 */
export const connectionsOpened = Metric.counter("lazycluster_connections_opened", {
  description: "Connections to hosts that were opened",
  incremental: true
})

/**
 * Connections that went away before they were closed.
 *
 * @since 0.1.0
 * @category constructors
 */
export const connectionsLost = Metric.counter("lazycluster_connections_lost", {
  description: "Connections to hosts that were lost",
  incremental: true
})

/**
 * Connections that stand.
 *
 * @since 0.1.0
 * @category constructors
 */
export const connectionsOpen = Metric.gauge("lazycluster_connections_open", {
  description: "Connections to hosts that stand"
})

/**
 * Runtimes whose lease has run out: their hosts have ended everything.
 *
 * @since 0.1.0
 * @category constructors
 */
export const leasesExpired = Metric.counter("lazycluster_leases_expired", {
  description: "Runtimes that were lost: the link was away for longer than the lease",
  incremental: true
})

/**
 * Tasks that have ended, in whatever way.
 *
 * @since 0.1.0
 * @category constructors
 */
export const tasksRun = Metric.counter("lazycluster_tasks_run", {
  description: "Tasks that have ended",
  incremental: true
})

/**
 * Tasks that failed; the tag `reason` is that of the error.
 *
 * @since 0.1.0
 * @category constructors
 */
export const tasksFailed = Metric.counter("lazycluster_tasks_failed", {
  description: "Tasks that failed",
  incremental: true
})

/**
 * Tasks under way.
 *
 * @since 0.1.0
 * @category constructors
 */
export const tasksRunning = Metric.gauge("lazycluster_tasks_running", { description: "Tasks under way" })

/**
 * How long tasks take, in milliseconds.
 *
 * @since 0.1.0
 * @category constructors
 */
export const taskDuration = Metric.timer("lazycluster_task_duration", "How long tasks take")

/**
 * Bytes of files that were copied; the tag `direction` is `send` or `get`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const bytesTransferred = Metric.counter("lazycluster_transferred_bytes", {
  description: "Bytes of files that were copied",
  incremental: true
})

/**
 * Tunnels that are open, by the host that listens.
 *
 * @since 0.1.0
 * @category constructors
 */
export const tunnelsOpen = Metric.gauge("lazycluster_tunnels_open", { description: "Tunnels that are open" })

/**
 * One more in a gauge, as long as the scope is open.
 *
 * @internal
 */
export const held = (gauge: Metric.Metric.Gauge<number>, host: string): Effect.Effect<void, never, Scope.Scope> =>
  Effect.acquireRelease(count(gauge, host), () => count(gauge, host, -1))

/**
 * One more of a host.
 *
 * @internal
 */
export const count = <Type, Out>(
  metric: Metric.Metric<Type, number, Out>,
  host: string,
  by = 1
): Effect.Effect<void> => Metric.modify(Metric.tagged(metric, "host", host), by)

/**
 * Counts and times a task.
 *
 * @internal
 */
export const task = <A, E extends { readonly reason: string }, R>(
  host: string,
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  effect.pipe(
    Effect.tapError(({ reason }) => count(Metric.tagged(tasksFailed, "reason", reason), host)),
    Metric.trackDuration(Metric.tagged(taskDuration, "host", host)),
    (run) =>
      Effect.acquireUseRelease(
        count(tasksRunning, host),
        () => run,
        () => Effect.zipRight(count(tasksRunning, host, -1), count(tasksRun, host))
      )
  )
