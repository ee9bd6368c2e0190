/**
 * `printf` of POSIX.
 *
 * @since 0.1.0
 */

const escapes: Readonly<Record<string, string>> = {
  a: "\u0007",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\"
}

/**
 * What backslashes mean in a format and in a word for `%b`.
 *
 * @internal
 */
export const unescape = (text: string): string =>
  text.replaceAll(
    /\\(?:0?([0-7]{1,3})|([abfnrtv\\]))/g,
    (_, octal?: string, letter?: string) =>
      octal === undefined ? escapes[letter ?? ""] ?? "" : String.fromCharCode(Number.parseInt(octal, 8))
  )

const directive = /%(?:%|([-0]*)(\d*|\*)(?:\.(\d+))?([sbcdiuxXo]))/g

const converted = (kind: string, word: string, precision: string | undefined): string => {
  switch (kind) {
    case "s":
      return precision === undefined ? word : word.slice(0, Number(precision))
    case "b":
      return unescape(word)
    case "c":
      return word.slice(0, 1)
    case "x":
      return Math.trunc(Number(word)).toString(16)
    case "X":
      return Math.trunc(Number(word)).toString(16).toUpperCase()
    case "o":
      return Math.trunc(Number(word)).toString(8)
    default:
      return String(Math.trunc(Number(word)))
  }
}

/**
 * The format is used again while there are words.
 *
 * @internal
 */
export const format = (
  template: string,
  args: ReadonlyArray<string>
): { readonly text: string; readonly problem?: string } => {
  const rest = [...args]
  let problem: string | undefined
  const once = () =>
    template.replaceAll(/%[^%]*?[a-zA-Z%]|\\(?:0?[0-7]{1,3}|.)/gs, (part) => {
      if (part.startsWith("\\")) return unescape(part)
      return part.replace(directive, (found, flags = "", width = "", precision, kind) => {
        if (found === "%%") return "%"
        const word = rest.shift() ?? ""
        if (!"sbc".includes(kind) && word !== "" && Number.isNaN(Number(word))) {
          problem = `${word}: expected numeric value`
        }
        const text = converted(kind, "sbc".includes(kind) ? word : Number.isNaN(Number(word)) ? "0" : word, precision)
        if (flags.includes("-")) return text.padEnd(Number(width))
        return text.padStart(Number(width), flags.includes("0") && !"sbc".includes(kind) ? "0" : " ")
      })
    })
  let text = once()
  for (let left = args.length; rest.length > 0 && rest.length < left;) {
    left = rest.length
    text += once()
  }
  return problem === undefined ? { text } : { text, problem }
}
