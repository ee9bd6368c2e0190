/**
 * How a command that fails says so: what is wrong and what mends it; where it comes from only under `--debug`.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import { Invocation } from "./Invocation.ts"
import * as View from "./View.ts"

const messageOf = (error: unknown): string =>
  Predicate.hasProperty(error, "message") && Predicate.isString(error.message) ? error.message : String(error)

const unexpected = (defect: unknown): string =>
  `lazycluster met what it does not expect: ${messageOf(defect)}\nhint: --debug shows where; that is worth a report`

/**
 * What is said about a failure. Nothing where it was interrupted, or the error says nothing: a program that ended has said why.
 *
 * @since 0.1.0
 * @category rendering
 */
export const render = (cause: Cause.Cause<unknown>, debug: boolean): string => {
  const text = Option.match(Cause.failureOption(cause), {
    onSome: messageOf,
    onNone: () => Option.match(Chunk.head(Cause.defects(cause)), { onNone: () => "", onSome: unexpected })
  })
  return debug && text !== "" ? `${text}\n\n${Cause.pretty(cause, { renderErrorCause: true })}` : text
}

/**
 * Says it on standard error.
 *
 * @since 0.1.0
 * @category accessors
 */
export const show = (cause: Cause.Cause<unknown>): Effect.Effect<void, never, View.View> =>
  Effect.flatMap(Invocation, ({ debug }) => {
    const text = render(cause, debug)
    return text === "" ? Effect.void : View.note(text)
  })
