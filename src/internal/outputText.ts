/**
 * Text from the bytes that processes print.
 *
 * @since 0.1.0
 */
import * as Stream from "effect/Stream"

/**
 * UTF-8 across chunk borders, a byte order mark kept. `Stream.decodeText` swallows what is unfinished at the end; here it
 * becomes U+FFFD.
 *
 * @internal
 */
export const decodeText = <E, R>(self: Stream.Stream<Uint8Array, E, R>): Stream.Stream<string, E, R> =>
  Stream.suspend(() => {
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true })
    return Stream.map(self, (bytes) => decoder.decode(bytes, { stream: true })).pipe(
      Stream.concat(Stream.suspend(() => Stream.make(decoder.decode()))),
      Stream.filter((text) => text !== "")
    )
  })

/** A line longer than this is taken in pieces, so that output without line ends needs no more memory. */
const longestLine = 65_536

/**
 * The whole lines (without `\n` or `\r\n`) of an unfinished line and what came after it, and the line unfinished now.
 *
 * @internal
 */
export const takeLines = (unfinished: string, text: string): readonly [lines: ReadonlyArray<string>, rest: string] => {
  const parts = (unfinished + text).split("\n")
  const rest = parts.pop() ?? ""
  const lines = parts.map((line) => line.endsWith("\r") ? line.slice(0, -1) : line)
  return rest.length > longestLine ? [[...lines, rest], ""] : [lines, rest]
}

const control = /\p{Cc}\[[\d;?]*[a-zA-Z]|(?!\t)\p{Cc}/gu

/**
 * A line that a message may quote: a host must not move the cursor of the terminal that shows it.
 *
 * @internal
 */
export const withoutControl = (line: string): string => line.replace(control, "")
