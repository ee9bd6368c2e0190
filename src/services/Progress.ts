/**
 * What is being done, for people who wait. The default tells nobody; the command line shows what takes long.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"

/**
 * A step that has begun. Its `said` replaces what was last said of it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Step {
  readonly said: (text: string) => Effect.Effect<void>
  readonly over: (outcome: "done" | "failed") => Effect.Effect<void>
}

/**
 * Where steps are told.
 *
 * @since 0.1.0
 * @category tags
 */
export class Progress extends Context.Reference<Progress>()("lazycluster/Progress", {
  defaultValue: (): { readonly begin: (host: string, label: string) => Effect.Effect<Step> } => ({
    begin: () => Effect.succeed({ said: () => Effect.void, over: () => Effect.void })
  })
}) {}

/**
 * Tells a step while an effect runs; the effect may say how far it is.
 *
 * @since 0.1.0
 * @category combinators
 */
export const step = <A, E, R>(
  host: string,
  label: string,
  effect: (said: Step["said"]) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.acquireUseRelease(
    Effect.flatMap(Progress, (progress) => progress.begin(host, label)),
    (step) => effect(step.said),
    (step, exit) => step.over(exit._tag === "Success" ? "done" : "failed")
  )
