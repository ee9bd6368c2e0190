/**
 * How long something took, for people: nobody reads nanoseconds.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"

/** @internal */
export const format = (duration: Duration.Duration): string =>
  Duration.format(Duration.millis(Math.round(Duration.toMillis(duration))))
