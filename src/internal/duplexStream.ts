/**
 * Node's streams as Effect's, with back-pressure.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Readable } from "node:stream"

/** So much may wait for the consumer; then the readable is paused, and keeps what comes to its own bound. */
const waiting = 256 * 1024

/**
 * What a readable says until its end. The stream is not destroyed when its consumer stops: its channel's scope does that.
 * Chunks are passed on as they come; `readable.read()` would copy those that wait into one.
 *
 * @internal
 */
export const readAll = <E>(readable: Readable, onError: (cause: unknown) => E): Stream.Stream<Uint8Array, E> =>
  Stream.unwrapScoped(Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => {
        let chunks: Array<Uint8Array> = []
        let next = 0
        let size = 0
        let resume: (() => void) | undefined
        const wake = () => {
          resume?.()
          resume = undefined
        }
        const hear = (chunk: Uint8Array) => {
          chunks.push(chunk)
          size += chunk.length
          if (size >= waiting) readable.pause()
          wake()
        }
        readable.on("data", hear).on("end", wake).on("error", wake).on("close", wake)
        // One at a time: what a consumer does not want any more is not taken.
        const pull = Effect.suspend((): Effect.Effect<Uint8Array, Option.Option<E>> => {
          const chunk = chunks[next]
          if (chunk !== undefined) {
            next += 1
            return Effect.succeed(chunk)
          }
          chunks = []
          next = 0
          size = 0
          if (readable.errored !== null) return Effect.fail(Option.some(onError(readable.errored)))
          if (readable.readableEnded || readable.destroyed) return Effect.fail(Option.none())
          return Effect.flatMap(
            Effect.async<void>((done) => {
              resume = () => done(Effect.void)
              readable.resume()
            }),
            () => pull
          )
        })
        const forget = () => {
          readable.pause().off("data", hear).off("end", wake).off("error", wake).off("close", wake)
          // What nobody took is there for the next one who reads.
          if (!readable.readableEnded && !readable.destroyed) {
            chunks.slice(next).reverse().forEach((chunk) => readable.unshift(chunk))
          }
        }
        return { pull, forget }
      }),
      ({ forget }) => Effect.sync(forget)
    ),
    ({ pull }) => Stream.repeatEffectOption(pull)
  ))
