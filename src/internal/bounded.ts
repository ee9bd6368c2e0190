/**
 * Waits that end, where nothing can be interrupted: in finalizers and acquisitions.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

/**
 * A timeout that holds in an uninterruptible region as well. There a plain one waits for what it should cut short, since
 * what it races with cannot be interrupted.
 *
 * @internal
 */
export const within = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  duration: Duration.DurationInput
) => Effect.timeoutOption(Effect.interruptible(effect), duration)
