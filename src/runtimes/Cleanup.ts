/**
 * What closing a scope found and did on each host: not assumed, but told by the guardians, and counted.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import { dual } from "effect/Function"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"

/**
 * What was left of a runtime, and what became of it.
 *
 * @since 0.1.0
 * @category models
 */
export class HostReport extends Schema.Class<HostReport>("lazycluster/HostReport")({
  host: Schema.String,
  runtime: Schema.String,
  /** `false` when the host could not be reached: it ends everything by itself when the lease runs out. */
  reached: Schema.Boolean,
  /** Processes that were still running, and those of them that needed KILL. */
  ended: Schema.Int,
  killed: Schema.Int,
  /** `PID COMMAND` of what lives all the same. */
  left: Schema.Array(Schema.String),
  removed: Schema.Array(Schema.String),
  kept: Schema.Array(Schema.String),
  stuck: Schema.Array(Schema.String)
}) {
  /** Whether nothing is left. */
  get clean(): boolean {
    return this.reached && this.left.length === 0 && this.stuck.length === 0
  }
}

/**
 * Where reports go. The default drops them; `collect` keeps them.
 *
 * @since 0.1.0
 * @category tags
 */
export class Cleanup extends Context.Reference<Cleanup>()("lazycluster/Cleanup", {
  defaultValue: (): { readonly add: (report: HostReport) => Effect.Effect<void> } => ({ add: () => Effect.void })
}) {}

/**
 * Tells each report as it comes, also when the program is interrupted, and whoever waits for reports around it.
 *
 * @since 0.1.0
 * @category combinators
 * @example
 * import { Cleanup, Runtime } from "lazycluster"
 * import { Console, Effect } from "effect"
 *
 * const program = Runtime.make("host-1").pipe(
 *   Effect.zipRight(Effect.never),
 *   Effect.scoped,
 *   Cleanup.onReport(({ clean, host }) => Console.log(clean ? `${host}: nothing left` : `look at ${host}`))
 * )
 */
export const onReport: {
  (
    told: (report: HostReport) => Effect.Effect<void>
  ): <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  <A, E, R>(effect: Effect.Effect<A, E, R>, told: (report: HostReport) => Effect.Effect<void>): Effect.Effect<A, E, R>
} = dual(
  2,
  <A, E, R>(
    effect: Effect.Effect<A, E, R>,
    told: (report: HostReport) => Effect.Effect<void>
  ): Effect.Effect<A, E, R> =>
    Effect.flatMap(Cleanup, (around) =>
      Effect.provideService(effect, Cleanup, {
        add: (report) => Effect.zipRight(told(report), around.add(report))
      }))
)

/**
 * Runs a scoped effect to its end, cleanup included, and gives what it gave together with a report a runtime. Whoever is
 * interrupted here gets nothing: `onReport` tells reports then, too.
 *
 * @since 0.1.0
 * @category execution
 */
export const collect = <A, E, R>(
  effect: Effect.Effect<A, E, R>
): Effect.Effect<
  { readonly exit: Exit.Exit<A, E>; readonly reports: ReadonlyArray<HostReport> },
  never,
  Exclude<R, Scope.Scope>
> =>
  Effect.gen(function*() {
    const reports = yield* Ref.make<ReadonlyArray<HostReport>>([])
    const exit = yield* Effect.exit(
      onReport(Effect.scoped(effect), (report) => Ref.update(reports, (all) => [...all, report]))
    )
    return { exit, reports: yield* Ref.get(reports) }
  })
