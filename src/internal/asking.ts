/**
 * Questions to the one who runs the program: one at a time, each with a deadline; while one is open, the deadline of the
 * connection that waits for it stands still.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as SubscriptionRef from "effect/SubscriptionRef"
import type { Ask } from "../services/AuthQuestion.ts"

/**
 * Who can be asked, and for whom somebody is being asked now.
 *
 * @internal
 */
export interface Asking {
  /** Absent when nobody answers. */
  readonly ask: Ask | undefined
  /** Questions for a host, when no other host has one open. */
  readonly turn: <A>(alias: string, questions: Effect.Effect<A>) => Effect.Effect<A>
  /** Sleeps; the time that a host of those that `concerns` names has a question open does not count. */
  readonly sleep: (duration: Duration.Duration, concerns: (alias: string) => boolean) => Effect.Effect<void>
}

/**
 * `patience` is for one question. sshd hangs up after two minutes (LoginGraceTime).
 *
 * @internal
 */
export const make = Effect.fnUntraced(function*(options: {
  readonly ask: Ask | undefined
  readonly patience: Duration.DurationInput
}): Effect.fn.Return<Asking> {
  const open = yield* SubscriptionRef.make<ReadonlyArray<string>>([])
  const one = yield* Effect.makeSemaphore(1)
  const { ask, patience } = options

  const until = (concerned: boolean, concerns: (alias: string) => boolean) =>
    open.changes.pipe(Stream.filter((aliases) => aliases.some(concerns) === concerned), Stream.runHead)

  const sleep: Asking["sleep"] = (duration, concerns) =>
    Effect.gen(function*() {
      yield* until(false, concerns)
      const from = yield* Clock.currentTimeMillis
      const over = yield* Effect.raceFirst(
        Effect.as(Effect.sleep(duration), true),
        Effect.as(until(true, concerns), false)
      )
      if (over) return
      const passed = (yield* Clock.currentTimeMillis) - from
      yield* sleep(Duration.subtract(duration, passed), concerns)
    })

  return {
    ask: ask && ((question) =>
      ask(question).pipe(
        Effect.timeoutOption(patience),
        Effect.map(Option.flatten),
        Effect.map(Option.filter((answers) => answers.length === question.prompts.length))
      )),
    turn: (alias, questions) =>
      Effect.acquireUseRelease(
        SubscriptionRef.update(open, (aliases) => [...aliases, alias]),
        () => one.withPermits(1)(questions),
        () => SubscriptionRef.update(open, (aliases) => aliases.filter((_, index) => index !== aliases.indexOf(alias)))
      ),
    // Most programs answer nothing, and need no more than a clock.
    sleep: ask === undefined ? (duration) => Effect.sleep(duration) : sleep
  }
})

/**
 * A deadline for what may ask. It holds for callers that cannot be interrupted, too: what it cuts short is cleaned up by its
 * scope.
 *
 * @internal
 */
export const within = <A, E, R, E2>(effect: Effect.Effect<A, E, R>, asking: Asking, options: {
  readonly duration: Duration.Duration
  readonly concerns: (alias: string) => boolean
  readonly late: () => E2
}): Effect.Effect<A, E | E2, R> =>
  Effect.raceFirst(
    Effect.interruptible(effect),
    Effect.interruptible(asking.sleep(options.duration, options.concerns)).pipe(
      Effect.zipRight(Effect.failSync(options.late))
    )
  )
