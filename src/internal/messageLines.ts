/**
 * Lines of bytes as texts: a character cut between two chunks comes out whole, and a line that is too long is not kept.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

/** @internal */
export class LineTooLong extends Data.TaggedError("LineTooLong")<{ readonly limit: number }> {}

const newline = 10

/**
 * Whole lines without their ends; what stands behind the last one is dropped.
 *
 * @internal
 */
export const split =
  (limit: number) => <E, R>(bytes: Stream.Stream<Uint8Array, E, R>): Stream.Stream<string, E | LineTooLong, R> =>
    Stream.suspend(() => {
      // Of the line that is not at its end yet, as it came: a line of a hundred megabytes is put together once.
      let parts: Array<Uint8Array> = []
      let length = 0
      const take = (chunk: Uint8Array): Effect.Effect<ReadonlyArray<string>, LineTooLong> =>
        Effect.suspend(() => {
          const lines: Array<string> = []
          let from = 0
          for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, from)) {
            if (length + end - from > limit) return new LineTooLong({ limit })
            lines.push(Buffer.concat([...parts, chunk.subarray(from, end)]).toString("utf8"))
            parts = []
            length = 0
            from = end + 1
          }
          if (from < chunk.length) {
            parts.push(chunk.subarray(from))
            length += chunk.length - from
          }
          return length > limit ? new LineTooLong({ limit }) : Effect.succeed(lines)
        })
      return Stream.mapConcat(Stream.mapEffect(bytes, take), (lines) => lines)
    })
