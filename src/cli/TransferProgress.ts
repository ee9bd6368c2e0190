/**
 * How far a transfer is, as a step of the view: a bar, bytes, rate and the time that is left.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Event, Transferred } from "../services/FileTransfer.ts"
import * as FileTransferPlan from "../services/FileTransferPlan.ts"
import * as Progress from "../services/Progress.ts"
import * as FileSize from "./FileSize.ts"

/**
 * What is known of a transfer under way. Times are in milliseconds.
 *
 * @since 0.1.0
 * @category models
 */
export interface State {
  readonly bytes: number
  /** `undefined` where the host cannot tell before. */
  readonly total: number | undefined
  /** Since the first byte. */
  readonly elapsed: number
}

const width = 20

/** Before this a rate says little. */
const soonest = 500

const left = (seconds: number): string =>
  seconds < 60
    ? `${Math.ceil(seconds)} s`
    : seconds < 3600
    ? `${Math.ceil(seconds / 60)} min`
    : `${(seconds / 3600).toFixed(1)} h`

/**
 * One line: `[=====>    ] 52%  1.2 GB of 2.3 GB  110 MB/s  10 s left`.
 *
 * @since 0.1.0
 * @category printing
 */
export const render = ({ bytes, elapsed, total }: State): string => {
  const rate = elapsed >= soonest ? bytes / (elapsed / 1000) : 0
  const speed = rate > 0 ? [`${FileSize.render(rate)}/s`] : []
  if (total === undefined || total === 0) return [FileSize.render(bytes), ...speed].join("  ")
  const share = Math.min(1, bytes / total)
  const full = Math.round(share * width)
  const bar = `[${"=".repeat(full)}${full < width ? ">" : ""}${" ".repeat(Math.max(0, width - full - 1))}]`
  return [
    `${bar} ${Math.floor(share * 100)}%`,
    `${FileSize.render(bytes)} of ${FileSize.render(total)}`,
    ...speed,
    ...(rate > 0 && bytes < total ? [`${left((total - bytes) / rate)} left`] : [])
  ].join("  ")
}

/**
 * Runs a transfer as a step of the view.
 *
 * @since 0.1.0
 * @category execution
 */
export const run = <E, R>(
  host: string,
  label: string,
  events: Stream.Stream<Event, E, R>
): Effect.Effect<Transferred, E, R> =>
  Progress.step(host, label, (said) =>
    Effect.gen(function*() {
      const begin = yield* Clock.currentTimeMillis
      const last = yield* Stream.runFoldEffect(
        events,
        { total: undefined as number | undefined, done: Option.none<Transferred>() },
        (state, event) => {
          switch (event._tag) {
            case "Planned":
              return Effect.succeed({ ...state, total: FileTransferPlan.bytes(event.plan) })
            case "Copied":
              return Effect.gen(function*() {
                const elapsed = (yield* Clock.currentTimeMillis) - begin
                yield* said(render({ bytes: event.progress.bytes, total: state.total, elapsed }))
                return state
              })
            case "Done":
              return Effect.succeed({ ...state, done: Option.some(event.transferred) })
          }
        }
      )
      // A stream of events that ends without its last one is a bug.
      return yield* Effect.orDie(last.done)
    }))
