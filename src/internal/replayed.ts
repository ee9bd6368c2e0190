/**
 * What was said so far and what is said from now on, for any number of readers: a slow one loses nothing and holds nobody back.
 * All of it stays in memory.
 *
 * @since 0.1.0
 */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"

/** @internal */
export interface Replayed<A> {
  readonly push: (value: A) => Effect.Effect<void>
  readonly end: Effect.Effect<void>
  /** From the first one on; ends with the last one. */
  readonly stream: Stream.Stream<A>
}

/** @internal */
export const make = <A>(): Effect.Effect<Replayed<A>> =>
  Effect.sync(() => {
    const said: Array<A> = []
    const readers = new Set<() => void>()
    let over = false
    const wake = () => {
      for (const reader of Array.from(readers)) reader()
    }
    const more = Effect.async<void>((resume) => {
      const reader = () => {
        readers.delete(reader)
        resume(Effect.void)
      }
      readers.add(reader)
      return Effect.sync(() => void readers.delete(reader))
    })
    return {
      push: (value) =>
        Effect.sync(() => {
          said.push(value)
          wake()
        }),
      end: Effect.sync(() => {
        over = true
        wake()
      }),
      stream: Stream.suspend(() => {
        let at = 0
        const next: Effect.Effect<Chunk.Chunk<A>, Option.Option<never>> = Effect.suspend(() => {
          const some = said.slice(at)
          at += some.length
          return some.length > 0
            ? Effect.succeed(Chunk.unsafeFromArray(some))
            : over
            ? Effect.fail(Option.none())
            : Effect.zipRight(more, next)
        })
        return Stream.repeatEffectChunkOption(next)
      })
    }
  })
