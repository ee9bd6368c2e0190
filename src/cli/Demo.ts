/**
 * `lazycluster demo`: a Dask cluster on SSH hosts from one command, and nothing left behind.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as ClusterEvent from "../clusters/ClusterEvent.ts"
import * as ClusterPlan from "../clusters/ClusterPlan.ts"
import * as DaskCluster from "../clusters/DaskCluster.ts"
import * as ownMemory from "../internal/ownMemory.ts"
import type { GroupError } from "../runtimes/GroupError.ts"
import { manager } from "../services/Host.ts"
import * as Progress from "../services/Progress.ts"
import type { Ssh } from "../services/Ssh.ts"
import type { SshConfig } from "../services/SshConfig.ts"
import type { SandboxError } from "../testing/SandboxError.ts"
import * as DemoExample from "./DemoExample.ts"
import * as DemoReport from "./DemoReport.ts"
import * as FileSize from "./FileSize.ts"
import * as HostOptions from "./HostOptions.ts"
import type * as ProgressView from "./ProgressView.ts"
import * as UpCleanup from "./UpCleanup.ts"
import * as UpPlan from "./UpPlan.ts"
import * as View from "./View.ts"

/**
 * What the command line says.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly hosts: HostOptions.HostOptions
  /** Stays up until it is interrupted. */
  readonly keep: boolean
  readonly workers?: number | undefined
  readonly lease?: Duration.Duration | undefined
  /** Says only what would run where; nothing of the cluster starts. */
  readonly plan: boolean
}

/**
 * Every way in which the demo can fail.
 *
 * @since 0.1.0
 * @category errors
 */
export type DemoError =
  | DaskCluster.StartError
  | DemoReport.LeftBehind
  | GroupError
  | SandboxError

const stayUp = (dask: DaskCluster.DaskCluster, view: ProgressView.ProgressView) =>
  Effect.gen(function*() {
    const environment = yield* dask.cluster.environment(manager.alias)
    const python = Option.match(environment, { onNone: () => "python3", onSome: ({ python }) => python })
    yield* view.print(
      `The cluster stays up until Ctrl-C. From Python:\n  ${python} -c 'import distributed; print(distributed.Client("${dask.schedulerAddress}"))'`
    )
    yield* Stream.runForEach(dask.cluster.events, (event) => view.note(ClusterEvent.render(event))).pipe(
      Effect.forkScoped
    )
    return yield* dask.cluster.lost
  })

const work = Effect.fnUntraced(function*(
  hosts: HostOptions.Hosts,
  options: Options,
  view: ProgressView.ProgressView,
  known: UpCleanup.Known
): Effect.fn.Return<void, DemoError, Ssh | SshConfig | Scope.Scope> {
  const { lease, workers } = options
  const { paint, print } = view
  const group = yield* HostOptions.group(hosts, { lease })
  yield* known.group(group)
  const dask = yield* DaskCluster.make(group, {
    workers,
    manager: { lease },
    onPlan: (plan) => print(`${paint.strong("Plan")}\n${ClusterPlan.render(plan)}`)
  })
  const { cluster } = dask
  yield* known.cluster(cluster)
  yield* print(`\n${paint.strong("Scheduler")}  ${dask.schedulerAddress}`)
  yield* print(`${paint.strong("Dashboard")}  ${dask.dashboardUrl}`)

  const { processes } = yield* cluster.plan
  const places = new Map(processes.map(({ id, place }) => [id, place]))
  const { calls, result } = yield* Progress.step(
    "all hosts",
    "square, neg, sum",
    () =>
      DemoExample.run(
        dask.client,
        processes.filter(({ role }) => role === "worker").map(({ id }) => id)
      )
  )
  const rows = calls.map(({ neg, square, total, worker }) => [worker, places.get(worker) ?? "", square, neg, total])
  yield* print(
    `\n${paint.strong("Calls that each worker ran")}\n${
      DemoReport.table([["", "", "square", "neg", "total"], ...rows])
    }`
  )
  yield* print(`\n${paint.strong(`Result: ${result}`)}\n`)

  const connections = yield* Effect.forEach(
    group.runtimes,
    (runtime) => Effect.map(hosts.connections(runtime), (count) => `${runtime.host.alias} ${count}`)
  )
  yield* print(`TCP connections: ${connections.join(", ")}`)
  yield* print(`Memory of this process: ${FileSize.render(yield* ownMemory.resident)}`)
  if (options.keep) return yield* stayUp(dask, view)
})

/**
 * Brings the cluster up, runs the example, and tells what became of everything, also after a failure or an interruption. With
 * `plan` it only tells what would run where.
 *
 * @since 0.1.0
 * @category execution
 */
export const run: (options: Options) => Effect.Effect<void, DemoError, View.View> = Effect.fn("Demo.run")(
  function*(options) {
    const view = yield* View.View
    const { hosts } = options
    const none = hosts.hosts === undefined && hosts.sandbox === undefined
    yield* HostOptions.use(
      none ? { ...hosts, sandbox: 3 } : hosts,
      (hosts) =>
        options.plan
          ? UpPlan.show(hosts, options, (manager, group) =>
            DaskCluster.plan(manager, group, { workers: options.workers }))
          : UpCleanup.reported((report) =>
            view.print(`\n${report}`), (known) =>
            work(hosts, options, view, known))
    )
  }
)
