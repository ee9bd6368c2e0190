/**
 * Looking again until something is so. Tries are counted and the clock is not asked: where a machine stood still for ten seconds
 * nobody had his turn.
 */
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"

/** Tries for so many seconds, if each took no time, every so many milliseconds. */
export const tries = (seconds = 60, every = 50) =>
  Schedule.intersect(Schedule.spaced(`${every} millis`), Schedule.recurs(Math.ceil(seconds * 1000 / every)))

/** What a probe gave when it was so, or at last. */
export const until = <A, E, R>(
  probe: Effect.Effect<A, E, R>,
  is: (found: A) => boolean,
  seconds?: number,
  every?: number
): Effect.Effect<A, E, R> => Effect.repeat(probe, Schedule.zipLeft(Schedule.recurUntil(is), tries(seconds, every)))

/** Tries again until it goes well. Assertions that fail are tried again, too. */
export const eventually = <A, E, R>(effect: Effect.Effect<A, E, R>, seconds?: number, every?: number) =>
  effect.pipe(Effect.catchAllDefect(Effect.fail), Effect.retry(tries(seconds, every)))

/** Until something is so; fails where it is not. */
export const comesTrue = <E, R>(is: Effect.Effect<boolean, E, R>, seconds?: number, every?: number) =>
  is.pipe(
    Effect.filterOrFail((so) => so, () => new Error("not yet")),
    Effect.retry(tries(seconds, every))
  )
