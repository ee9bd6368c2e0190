/**
 * Futures of a Dask client as they finish, in the order in which they do: the driver tells of those since it was last asked.
 *
 * @since 0.1.0
 */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { keysOf } from "./daskCalls.ts"
import type { DaskClient, DaskError } from "./DaskClient.ts"
import * as DaskDriver from "./DaskDriver.ts"
import type { DaskFuture } from "./DaskFuture.ts"

/** So many are told of in one answer: with their values, and without. */
const most = { texts: 200, counts: 10_000 }

const Finished = Schema.Array(Schema.Struct({
  key: Schema.String,
  text: Schema.optional(Schema.String),
  error: Schema.optional(DaskDriver.Failure)
}))

const watch = (
  driver: DaskDriver.DaskDriver,
  futures: ReadonlyArray<DaskFuture<unknown>>,
  texts: boolean
): Stream.Stream<(typeof Finished.Type)[number], DaskError> =>
  Stream.unwrapScoped(Effect.gen(function*() {
    if (futures.length === 0) return Stream.empty
    const id = yield* Effect.uninterruptibleMask((restore) =>
      Effect.tap(
        restore(driver.request("watch", keysOf(futures), Schema.Int)),
        (id) => Effect.addFinalizer(() => driver.tell("unwatch", `"watch":${id}`))
      )
    )
    const fields = `"watch":${id},"texts":${texts},"most":${texts ? most.texts : most.counts}`
    return Stream.repeatEffectChunkOption(Effect.flatMap(
      Effect.mapError(driver.request("next", fields, Finished), Option.some),
      (some) => some.length === 0 ? Effect.fail(Option.none()) : Effect.succeed(Chunk.unsafeFromArray(some))
    ))
  }))

/** @internal */
export const make = (
  driver: DaskDriver.DaskDriver,
  host: string
): Pick<DaskClient, "asCompleted" | "progress"> => ({
  asCompleted: (futures) => {
    // One value may have several futures.
    const places = new Map<string, Array<number>>()
    for (const [index, { key }] of futures.entries()) {
      const there = places.get(key)
      if (there === undefined) places.set(key, [index])
      else there.push(index)
    }
    return watch(driver, futures, true).pipe(
      Stream.mapConcat(({ error, key, text }) =>
        (places.get(key) ?? []).flatMap((index) => {
          const future = futures[index]
          if (future === undefined) return []
          const result = error === undefined
            ? future.decode(text ?? "")
            : Either.left(DaskDriver.failureOf(host, error))
          return [{ index, future, result }]
        })
      )
    )
  },
  progress: (futures) => {
    const total = new Set(futures.map(({ key }) => key)).size
    return watch(driver, futures, false).pipe(
      Stream.chunks,
      Stream.scan({ total, finished: 0, failed: 0 }, (before, some) => {
        const failed = Chunk.filter(some, ({ error }) => error !== undefined).length
        return {
          total,
          finished: before.finished + some.length - failed,
          failed: before.failed + failed
        }
      })
    )
  }
})
