/**
 * One line of an ssh config, split as OpenSSH splits it. The ssh-config package is not used for that: it loses a `Match`
 * criterion that comes twice, the quotes of a ProxyCommand and what stands behind its `=` and `#`, and every line number.
 *
 * @since 0.1.0
 */
import * as Either from "effect/Either"

/**
 * A line that says something.
 *
 * @internal
 */
export interface Line {
  /** In lower case. */
  readonly keyword: string
  readonly words: ReadonlyArray<string>
  /** What follows the keyword, as written: commands are not split, and have no comment at their end. */
  readonly rest: string
}

/** Blanks; then a quoted or plain word; then blanks around at most one `=`. */
const head = /^[ \t\r\n]*(?:"([^"]*)"|([^ \t\r\n="]+))[ \t\r\n]*=?[ \t\r\n]*/

/** Inside quotes `\"`, `\'` and `\\` are escapes, outside also `\ `; every other backslash is one. */
const double = /"((?:\\["'\\]|\\(?!["'\\])|[^"\\])*)"/
const single = /'((?:\\["'\\]|\\(?!["'\\])|[^'\\])*)'/
const escape = /\\(["'\\ ])/

const word = new RegExp(`(?:${escape.source}|${double.source}|${single.source}|[^ \\t"'\\\\]|\\\\(?!["'\\\\ ]))+`, "y")
const marks = new RegExp(`${escape.source}|${double.source}|${single.source}`, "g")

const unquote = (text: string): string =>
  text.replace(
    marks,
    (_, escaped?: string, inDouble?: string, inSingle?: string) =>
      escaped ?? (inDouble ?? inSingle ?? "").replace(/\\(["'\\])/g, "$1")
  )

/**
 * A word and where it stands, quotes counted.
 *
 * @internal
 */
export interface Piece {
  readonly word: string
  readonly start: number
  readonly end: number
}

/**
 * The arguments of a keyword, from an offset on; a word that starts with `#` ends them. `Left` when a quote is left open.
 *
 * @internal
 */
export const pieces = (text: string, from = 0): Either.Either<ReadonlyArray<Piece>, string> => {
  const found: Array<Piece> = []
  let at = from
  while (at < text.length) {
    if (text[at] === " " || text[at] === "\t") at++
    else if (text[at] === "#") break
    else {
      word.lastIndex = at
      const match = word.exec(text)
      if (match === null) return Either.left("a quote is not closed")
      found.push({ word: unquote(match[0]), start: at, end: word.lastIndex })
      at = word.lastIndex
    }
  }
  return Either.right(found)
}

/**
 * The words alone.
 *
 * @internal
 */
export const split = (text: string): Either.Either<ReadonlyArray<string>, string> =>
  Either.map(pieces(text), (found) => found.map(({ word }) => word))

/**
 * Where the arguments of a line begin.
 *
 * @internal
 */
export const argumentsAt = (text: string): number => head.exec(text)?.[0].length ?? 0

/**
 * Reads a line; `undefined` for an empty one or a comment, `Left` for what no keyword can make sense of.
 *
 * @internal
 */
export const parse = (text: string): Either.Either<Line | undefined, string> => {
  const trimmed = text.replace(/[ \t\r\n\f]+$/, "")
  const found = head.exec(trimmed)
  const keyword = (found?.[1] ?? found?.[2] ?? "").toLowerCase()
  if (found === null || keyword === "" || keyword.startsWith("#")) return Either.right(undefined)
  const rest = trimmed.slice(found[0].length)
  if (rest === "") return Either.left(`there is nothing after ${keyword}`)
  return Either.map(split(rest), (words) => ({ keyword, words, rest }))
}
