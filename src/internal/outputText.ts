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
 * The whole lines, with their ends, of an unfinished line and what came after it, and the line unfinished now.
 *
 * @internal
 */
export const wholeLines = (
  unfinished: string,
  text: string,
  longest = longestLine
): readonly [lines: ReadonlyArray<string>, rest: string] => {
  const parts = (unfinished + text).split(/(?<=\n)/)
  const last = parts.at(-1) ?? ""
  const rest = last.endsWith("\n") || last.length > longest ? "" : parts.pop() ?? ""
  return [parts.filter((part) => part !== ""), rest]
}

/**
 * The same, the lines without `\n` or `\r\n`.
 *
 * @internal
 */
export const takeLines = (unfinished: string, text: string): readonly [lines: ReadonlyArray<string>, rest: string] => {
  const [lines, rest] = wholeLines(unfinished, text)
  return [lines.map(withoutEnd), rest]
}

/**
 * Text, cut anywhere, as lines without their ends; the last one may have had none.
 *
 * @internal
 */
export const linesOf = <E, R>(self: Stream.Stream<string, E, R>): Stream.Stream<string, E, R> =>
  Stream.suspend(() => {
    let rest = ""
    const whole = Stream.mapConcat(self, (text) => {
      const [lines, unfinished] = takeLines(rest, text)
      rest = unfinished
      return lines
    })
    return Stream.concat(whole, Stream.suspend(() => rest === "" ? Stream.empty : Stream.make(rest)))
  })

/** @internal */
export const withoutEnd = (line: string): string => line.replace(/\r?\n$/, "")

const control = /\p{Cc}\[[\d;?]*[a-zA-Z]|(?!\t)\p{Cc}/gu

/**
 * A line that a message may quote: a host must not move the cursor of the terminal that shows it.
 *
 * @internal
 */
export const withoutControl = (line: string): string => line.replace(control, "")

/**
 * What a terminal would show of a line that was drawn over again and again, and nothing that moves its cursor.
 *
 * @internal
 */
export const shown = (line: string): string => withoutControl(line.slice(line.trimEnd().lastIndexOf("\r") + 1))
