/**
 * The one place where text becomes shell: quoting, and the one-line form in which scripts and words travel.
 *
 * @since 0.1.0
 */

const plain = /^[A-Za-z0-9_/.:=@%+,-]+$/

/**
 * One word of a POSIX shell, byte for byte; plain ones stay readable.
 *
 * @internal
 */
export const quote = (word: string): string => plain.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`

/**
 * Words as one line of shell.
 *
 * @internal
 */
export const quoteAll = (words: ReadonlyArray<string>): string => words.map(quote).join(" ")

/**
 * Text without newlines that `printf %b` turns back into itself.
 *
 * @internal
 */
export const escapeLine = (text: string): string => text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")

/**
 * What `escapeLine` made, back.
 *
 * @internal
 */
export const unescapeLine = (line: string): string => line.replace(/\\(.)/g, (_, c: string) => c === "n" ? "\n" : c)

/**
 * The words of a line that `quoteAll` made: the model in memory reads with it what hosts read with `eval "set -- …"`.
 *
 * @internal
 */
export const splitWords = (line: string): ReadonlyArray<string> =>
  (line.match(/(?:'[^']*'|\\.|[^\s'\\])+/g) ?? []).map((word) =>
    word.replace(/'([^']*)'|\\(.)/g, (_, quoted?: string, escaped?: string) => quoted ?? escaped ?? "")
  )
