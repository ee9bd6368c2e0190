/**
 * Waits that end, where nothing can be interrupted: in finalizers and acquisitions.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"

/**
 * A timeout that holds in an uninterruptible region as well. There a plain one waits for what it should cut short, since
 * what it races with cannot be interrupted; and an interrupt that comes meanwhile goes to the children of a fiber whether or
 * not that fiber can be interrupted, so this runs in none of them: a finalizer comes to its end.
 *
 * @internal
 */
export const within = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  duration: Duration.DurationInput
) =>
  Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(
      Effect.forkDaemon(Effect.interruptible(Effect.timeoutOption(effect, duration))),
      (fiber) => Effect.onInterrupt(restore(Fiber.join(fiber)), () => Fiber.interrupt(fiber))
    )
  )
