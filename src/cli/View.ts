/**
 * What a command shows: data on standard output, what is said about it on standard error.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Progress from "../services/Progress.ts"
import { Invocation } from "./Invocation.ts"
import type { Paint } from "./Paint.ts"
import * as ProgressView from "./ProgressView.ts"

/**
 * The view of this run.
 *
 * @since 0.1.0
 * @category tags
 */
export class View extends Context.Tag("lazycluster/View")<View, ProgressView.ProgressView>() {}

const encode = Schema.encodeSync(Schema.parseJson(Schema.Unknown, { space: 2 }))

/**
 * Data to standard output: as JSON under `--json`, else as text for people, who have so many columns.
 *
 * @since 0.1.0
 * @category accessors
 */
export const data = (
  json: unknown,
  text: (paint: Paint, columns: number) => string
): Effect.Effect<void, never, View> =>
  Effect.gen(function*() {
    const view = yield* View
    const invocation = yield* Invocation
    yield* view.print(invocation.json ? encode(json) : text(view.paint, yield* view.columns))
  })

/**
 * One line for people, to standard error.
 *
 * @since 0.1.0
 * @category accessors
 */
export const note = (text: string): Effect.Effect<void, never, View> => Effect.flatMap(View, (view) => view.note(text))

/**
 * The outputs of this process, and the steps under way on them: a command that waits says on what.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<View> = Layer.unwrapScoped(
  Effect.map(
    ProgressView.live,
    (view) => Layer.merge(Layer.succeed(View, view), Layer.succeed(Progress.Progress, view.progress))
  )
)
