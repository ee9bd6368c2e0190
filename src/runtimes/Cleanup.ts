/**
 * What closing a scope found and did on each host: not assumed, but told by the guardians, and counted.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
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
 * Runs a scoped effect to its end, cleanup included, and gives what it gave together with a report a runtime.
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
      Effect.provideService(Effect.scoped(effect), Cleanup, {
        add: (report) => Ref.update(reports, (all) => [...all, report])
      })
    )
    return { exit, reports: yield* Ref.get(reports) }
  })
