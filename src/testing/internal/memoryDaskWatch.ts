/**
 * Values of Dask in memory as they are made, for a client that watches them.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import type { Failure } from "./memoryDaskTasks.ts"

/** What has become of a key. */
interface Finished {
  readonly key: string
  readonly text?: string
  readonly error?: Failure
}

/** @internal */
export interface Watch {
  /** The next ones; none when all have been told of. */
  readonly next: (most: number, texts: boolean) => Effect.Effect<ReadonlyArray<Finished>>
  readonly end: Effect.Effect<void>
}

/** @internal */
export const make = (
  keys: ReadonlyArray<string>,
  valueOf: (key: string) => Effect.Effect<Either.Either<string, Failure>>
): Effect.Effect<Watch, never, Scope.Scope> =>
  Effect.gen(function*() {
    const all = [...new Set(keys)]
    const finished = yield* Queue.unbounded<Finished>()
    let left = all.length
    const waiting = yield* Effect.forkScoped(Effect.forEach(
      all,
      (key) =>
        Effect.flatMap(valueOf(key), (value) =>
          Queue.offer(finished, Either.isLeft(value) ? { key, error: value.left } : { key, text: value.right })),
      { concurrency: "unbounded", discard: true }
    ))
    return {
      next: (most, texts) =>
        Effect.gen(function*() {
          if (left === 0) {
            return []
          }
          const some = [...yield* Queue.takeBetween(finished, 1, most)]
          left -= some.length
          return texts ? some : some.map(({ error, key }) =>
            error === undefined ? { key } : { key, error }
          )
        }),
      end: Effect.asVoid(Fiber.interrupt(waiting))
    }
  })
