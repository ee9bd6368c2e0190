/**
 * What the library logs, as lines on standard error beside what is shown there: a line that a spinner writes over would be lost.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Inspectable from "effect/Inspectable"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import type * as LogLevel from "effect/LogLevel"
import * as Predicate from "effect/Predicate"
import * as Queue from "effect/Queue"
import { View } from "./View.ts"

const words: Partial<Record<LogLevel.LogLevel["_tag"], string>> = { Fatal: "error", Error: "error", Warning: "warning" }

/**
 * A line for people; with time, level and cause from debug on.
 *
 * @since 0.1.0
 * @category rendering
 */
export const render = (
  entry: Logger.Logger.Options<unknown>,
  debug: boolean
): string => {
  const { annotations, cause, date, logLevel, message } = entry
  const said = (Array.isArray(message) ? message : [message]).map((part: unknown) =>
    Predicate.isError(part) ? part.message : Inspectable.toStringUnknown(part, 0)
  )
  const about = [...annotations].map(([name, value]) => `${name}=${Inspectable.toStringUnknown(value, 0)}`)
  const text = [...said, ...(about.length === 0 ? [] : [`(${about.join(", ")})`])].join(" ")
  const word = words[logLevel._tag]
  if (!debug) return word === undefined ? text : `${word}: ${text}`
  const time = DateTime.formatIso(DateTime.unsafeFromDate(date)).slice(11, 23)
  return `${time} ${logLevel.label} ${text}${Cause.isEmpty(cause) ? "" : `\n${Cause.pretty(cause)}`}`
}

/**
 * Logs through the view, what is left included when it closes.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (debug: boolean): Layer.Layer<never, never, View> =>
  Layer.unwrapScoped(Effect.gen(function*() {
    const view = yield* View
    const queue = yield* Queue.unbounded<string>()
    yield* Effect.addFinalizer(() => Effect.flatMap(Queue.takeAll(queue), Effect.forEach(view.note)))
    yield* Effect.forkScoped(
      Effect.forever(Effect.uninterruptibleMask((restore) => Effect.flatMap(restore(Queue.take(queue)), view.note)))
    )
    const logger = Logger.make<unknown, void>((entry) => void queue.unsafeOffer(render(entry, debug)))
    return Logger.replace(Logger.defaultLogger, logger)
  }))
