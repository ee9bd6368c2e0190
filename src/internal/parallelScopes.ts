/**
 * Resources that are acquired and released side by side, each with an order of its own inside.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Scope from "effect/Scope"
import * as allOrNothing from "./allOrNothing.ts"

/**
 * Acquires one resource an item, so many at a time. Finalizers of one resource run one after the other, those of different
 * ones in parallel, so that a slow one holds up nobody. What fails is released at once, and then `recover`ed from.
 *
 * @internal
 */
export const forEach = <A, B, E, R, E2>(
  items: ReadonlyArray<A>,
  acquire: (item: A, index: number) => Effect.Effect<B, E, R>,
  options: { readonly concurrency: number; readonly recover: (error: E) => Effect.Effect<B, E2> }
): Effect.Effect<ReadonlyArray<B>, E2, Exclude<R, Scope.Scope> | Scope.Scope> =>
  Effect.gen(function*() {
    const all = yield* Effect.acquireRelease(
      Scope.make(ExecutionStrategy.parallel),
      (scope, exit) => Scope.close(scope, exit)
    )
    return yield* Effect.forEach(
      items,
      (item, index) =>
        allOrNothing.make(acquire(item, index)).pipe(Scope.extend(all), Effect.catchAll(options.recover)),
      { concurrency: options.concurrency }
    )
  })
