/**
 * What a command that starts a cluster tells at its end: what became of each host.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import type * as Scope from "effect/Scope"
import type { Cluster } from "../clusters/Cluster.ts"
import * as Cleanup from "../runtimes/Cleanup.ts"
import type { RuntimeGroup } from "../runtimes/RuntimeGroup.ts"
import { manager } from "../services/Host.ts"
import * as Progress from "../services/Progress.ts"
import type { Provisioned } from "../services/PythonEnvironment.ts"
import * as DemoReport from "./DemoReport.ts"

/** What was on the hosts. */
interface Made {
  readonly hosts: ReadonlyArray<string>
  readonly processes: ReadonlyArray<{ readonly host: string; readonly name: string }>
  readonly environments: ReadonlyArray<Provisioned>
}

/**
 * Notes what there is, so that the report can name it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Known {
  readonly group: (group: RuntimeGroup) => Effect.Effect<void>
  readonly cluster: (cluster: Cluster) => Effect.Effect<void>
}

const knowing = (made: Ref.Ref<Made>): Known => ({
  group: ({ runtimes }) => Ref.update(made, (all) => ({ ...all, hosts: runtimes.map(({ host }) => host.alias) })),
  cluster: (cluster) =>
    Effect.gen(function*() {
      const { places, processes } = yield* cluster.plan
      const environments = yield* Effect.forEach(places, cluster.environment)
      yield* Ref.update(made, (all) => ({
        ...all,
        processes: processes.map(({ id, place }) => ({ host: place, name: id })),
        environments: environments.flatMap(Option.toArray)
      }))
    })
})

/** Shows the cleanup as a step: it begins when the work is over, and ends with the scope, in which it must come first. */
const cleaningUp = <A, E, R>(work: Effect.Effect<A, E, R>): Effect.Effect<A, E, R | Scope.Scope> =>
  Effect.gen(function*() {
    const progress = yield* Progress.Progress
    const over = yield* Ref.make<Effect.Effect<void>>(Effect.void)
    yield* Effect.addFinalizer(() => Effect.flatten(Ref.get(over)))
    return yield* Effect.onExit(
      work,
      () => Effect.flatMap(progress.begin("all hosts", "clean up"), (step) => Ref.set(over, step.over("done")))
    )
  })

/**
 * Does the work and cleans up; then tells what became of each host, also after a failure or an interruption. Fails with
 * `LeftBehind` where something is left.
 *
 * @since 0.1.0
 * @category execution
 */
export const reported = <A, E, R>(
  tell: (report: string) => Effect.Effect<void>,
  work: (known: Known) => Effect.Effect<A, E, R>
): Effect.Effect<A, E | DemoReport.LeftBehind, Exclude<R, Scope.Scope>> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function*() {
      const made = yield* Ref.make<Made>({ hosts: [], processes: [], environments: [] })
      const { exit, reports } = yield* Cleanup.collect(cleaningUp(restore(work(knowing(made)))))
      const { hosts, ...rest } = yield* Ref.get(made)
      if (reports.length > 0) {
        yield* tell(DemoReport.cleanup({ reports, ...rest, hosts: [manager.alias, ...hosts] }))
      }
      const result = yield* exit
      const left = DemoReport.leftBehind(reports)
      return left === undefined ? result : yield* left
    })
  )
