/**
 * Vega draws a plot as SVG, without a browser. It is a peer: whoever draws has it installed.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type { TopLevelSpec } from "vega-lite"

/** @internal */
export type Spec = TopLevelSpec

/** @internal */
export class VegaError extends Data.TaggedError("VegaError")<{
  /** Whether it is not installed. */
  readonly missing: boolean
  readonly cause: unknown
}> {}

const drawing = (cause: unknown) => new VegaError({ missing: false, cause })

/**
 * The text of an SVG.
 *
 * @internal
 */
export const svg = (spec: Spec): Effect.Effect<string, VegaError> =>
  Effect.gen(function*() {
    const [vega, lite] = yield* Effect.tryPromise({
      try: () => Promise.all([import("vega"), import("vega-lite")]),
      catch: (cause) => new VegaError({ missing: true, cause })
    })
    return yield* Effect.acquireUseRelease(
      Effect.try({
        try: () => new vega.View(vega.parse(lite.compile(spec).spec), { renderer: "none", logLevel: vega.Error }),
        catch: drawing
      }),
      (view) => Effect.tryPromise({ try: () => view.toSVG(), catch: drawing }),
      (view) => Effect.sync(() => view.finalize())
    )
  })
