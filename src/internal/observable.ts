/**
 * A value that changes, and those who wait for it: a SubscriptionRef without the queues, fibers and streams that one costs for
 * each wait.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Predicate from "effect/Predicate"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"

/** A value that is told when it changes. Not internal: the types of `Guardian` name it. */
export interface Observable<A> {
  readonly get: Effect.Effect<A>
  /** The first value that is so, now or later: each one is seen, also one that has changed again at once. */
  readonly until: {
    <B extends A>(is: Predicate.Refinement<A, B>): Effect.Effect<B>
    (is: Predicate.Predicate<A>): Effect.Effect<A>
  }
  /** Hears the value now and each later one, in order, as long as it is run. */
  readonly watch: <E, R>(heard: (value: A) => Effect.Effect<unknown, E, R>) => Effect.Effect<never, E, R>
  /** The same for what only notes it: no fiber waits. As long as the scope is open. */
  readonly listen: (heard: (value: A) => void) => Effect.Effect<void, never, Scope.Scope>
  /** The same for whoever needs a stream. */
  readonly changes: Stream.Stream<A>
}

/** @internal */
export interface Settable<A> extends Observable<A> {
  readonly set: (value: A) => Effect.Effect<void>
  readonly update: (change: (value: A) => A) => Effect.Effect<void>
  readonly unsafeUpdate: (change: (value: A) => A) => void
}

/** What somebody who is slow has still to hear. */
const subscription = <A>(listeners: Set<(value: A) => void>, current: () => A) =>
  Effect.sync(() => {
    const waiting = [current()]
    let wake: (() => void) | undefined
    const listener = (value: A) => {
      waiting.push(value)
      wake?.()
    }
    listeners.add(listener)
    const take = Effect.sync(() => waiting.splice(0))
    const some = Effect.async<void>((resume) => {
      if (waiting.length > 0) return resume(Effect.void)
      wake = () => {
        wake = undefined
        resume(Effect.void)
      }
    })
    return {
      all: Effect.suspend(() => waiting.length > 0 ? take : Effect.zipRight(some, take)),
      end: Effect.sync(() => void listeners.delete(listener))
    }
  })

/** @internal */
export const make = <A>(initial: A): Effect.Effect<Settable<A>> =>
  Effect.sync(() => {
    let now = initial
    const listeners = new Set<(value: A) => void>()
    const unsafeUpdate = (change: (value: A) => A) => {
      now = change(now)
      for (const listener of listeners) listener(now)
    }
    const update = (change: (value: A) => A) => Effect.sync(() => unsafeUpdate(change))
    const subscribe = subscription(listeners, () => now)
    const until = (is: Predicate.Predicate<A>) =>
      Effect.async<A>((resume) => {
        if (is(now)) return resume(Effect.succeed(now))
        const listener = (value: A) => {
          if (!is(value)) return
          listeners.delete(listener)
          resume(Effect.succeed(value))
        }
        listeners.add(listener)
        return Effect.sync(() => void listeners.delete(listener))
      })
    return {
      get: Effect.sync(() => now),
      set: (value) => update(() => value),
      update,
      unsafeUpdate,
      until,
      listen: (heard) =>
        Effect.asVoid(Effect.acquireRelease(
          Effect.sync(() => {
            // Of its own: one function may listen twice.
            const listener = (value: A) => heard(value)
            listeners.add(listener)
            heard(now)
            return listener
          }),
          (listener) => Effect.sync(() => void listeners.delete(listener))
        )),
      watch: (heard) =>
        Effect.acquireUseRelease(
          subscribe,
          ({ all }) => Effect.forever(Effect.flatMap(all, Effect.forEach(heard, { discard: true }))),
          ({ end }) => end
        ),
      changes: Stream.unwrapScoped(
        Effect.map(Effect.acquireRelease(subscribe, ({ end }) => end), ({ all }) => Stream.repeatEffect(all))
      ).pipe(Stream.flattenIterables)
    }
  })

/**
 * What another one says, in other words.
 *
 * @internal
 */
export const map = <A, B>(self: Observable<A>, f: (value: A) => B): Observable<B> => ({
  get: Effect.map(self.get, f),
  until: (is: Predicate.Predicate<B>) => Effect.map(self.until((value) => is(f(value))), f),
  watch: (heard) => self.watch((value) => heard(f(value))),
  listen: (heard) => self.listen((value) => heard(f(value))),
  changes: Stream.map(self.changes, f)
})
