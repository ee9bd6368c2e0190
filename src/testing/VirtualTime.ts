/**
 * Time that passes by itself: as soon as every fiber waits, the clock goes to the next moment that one of them waits for. A test
 * says `Effect.sleep("1 minute")` and is there at once; nobody has to adjust a clock beside it. Under one seed, a program
 * on hosts in memory runs the same way each time.
 *
 * @since 0.1.0
 */
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Random from "effect/Random"
import * as virtualClock from "./internal/virtualClock.ts"

/**
 * How time passes, and what is drawn at random.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Of Effect's `Random`: ids of runtimes, jitter of schedules. Default 0. */
  readonly seed?: number | string | undefined
  /** A test that has not ended by then dies: what repeats for ever would never. Default 1 day. */
  readonly limit?: Duration.DurationInput | undefined
}

/**
 * Runs an effect in time that passes by itself, from 0 on. It takes the place of `TestClock`, which cannot be adjusted in
 * there. What waits for the world outside, a socket or a process, is not seen: the time would run away from it. Files of this
 * machine are waited for.
 *
 * Where every fiber waits and none for the time, the test can never end, and dies.
 *
 * @since 0.1.0
 * @category execution
 * @example
 * import { VirtualTime } from "lazycluster/testing"
 * import { Clock, Effect } from "effect"
 *
 * // 3600000, at once
 * const test = Effect.sleep("1 hour").pipe(Effect.zipRight(Clock.currentTimeMillis), VirtualTime.run({ seed: 42 }))
 */
export const run = (options: Options = {}) => <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.flatMap(Deferred.make<never>(), (stuck) => {
    const { clock, scheduler, stop } = virtualClock.make(
      Duration.decode(options.limit ?? "1 day"),
      (why) => Deferred.unsafeDone(stuck, Exit.die(new Error(`VirtualTime: ${why}`)))
    )
    return Effect.raceFirst(Effect.disconnect(effect), Deferred.await(stuck)).pipe(
      Effect.ensuring(stop),
      Effect.withRandom(Random.make(options.seed ?? 0)),
      Effect.withClock(clock),
      Effect.withScheduler(scheduler)
    )
  })
