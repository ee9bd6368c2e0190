/**
 * Acquisitions of many steps that leave nothing when one of them fails.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"

/**
 * What an effect gave, and the scope that holds what it acquired: closed with the scope around it, or before.
 *
 * @internal
 */
export interface Held<A> {
  readonly scope: Scope.CloseableScope
  readonly value: A
}

/**
 * Releases at once what an effect has acquired when it fails or is interrupted, not when the scope around it closes. What
 * it acquired is released in the reverse order, whatever the order of that scope.
 *
 * @internal
 */
export const hold = <A, E, R>(
  effect: Effect.Effect<A, E, R>
): Effect.Effect<Held<A>, E, Exclude<R, Scope.Scope> | Scope.Scope> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function*() {
      const scope = yield* Scope.fork(yield* Effect.scope, ExecutionStrategy.sequential)
      const value = yield* restore(Scope.extend(effect, scope)).pipe(
        Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause)))
      )
      return { scope, value }
    })
  )

/**
 * The same for whoever has no use for the scope.
 *
 * @internal
 */
export const make = <A, E, R>(
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, E, Exclude<R, Scope.Scope> | Scope.Scope> => Effect.map(hold(effect), ({ value }) => value)
