/**
 * When what has ended is started again, unless a user says otherwise.
 *
 * @since 0.1.0
 */
import * as Schedule from "effect/Schedule"

/**
 * Soon at first, then with more and more patience, and no more than so often in a row.
 *
 * @internal
 */
export const restarting: Schedule.Schedule<unknown, unknown> = Schedule.exponential("500 millis").pipe(
  Schedule.either(Schedule.spaced("30 seconds")),
  Schedule.intersect(Schedule.recurs(5))
)
