/**
 * JSON that changes no value on its way: what JavaScript or JSON would quietly bend is refused.
 *
 * @since 0.1.0
 */
import * as Either from "effect/Either"

const problem = (value: unknown, path: string): string | undefined => {
  switch (typeof value) {
    case "string":
    case "boolean":
      return undefined
    case "number":
      return Number.isFinite(value) ? undefined : `${path} is ${value}, which JSON cannot say`
    case "object":
      break
    default:
      return `${path} is ${value === undefined ? "undefined" : `a ${typeof value}`}, which JSON cannot say`
  }
  if (value === null) return undefined
  if (Array.isArray(value)) {
    // Not `some`: it steps over the holes of a sparse array.
    for (let index = 0; index < value.length; index++) {
      const found = problem(value[index], `${path}[${index}]`)
      if (found !== undefined) return found
    }
    return undefined
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) {
    return `${path} is a ${value.constructor.name}, which JSON cannot say`
  }
  for (const [key, item] of Object.entries(value)) {
    const found = item === undefined ? undefined : problem(item, `${path}.${key}`)
    if (found !== undefined) return found
  }
  return undefined
}

/**
 * Text of a value, or what keeps it from being JSON. `name` begins the path in the message.
 *
 * @internal
 */
export const stringify = (value: unknown, name: string): Either.Either<string, string> =>
  Either.try({
    try: () => problem(value, name),
    // Only a value that holds itself, or is nested too deeply, makes this throw.
    catch: (cause) => `${name} is nested too deeply: ${String(cause)}`
  }).pipe(
    Either.flatMap((found) =>
      found === undefined
        ? Either.try({ try: () => JSON.stringify(value), catch: (cause) => `${name} is too large: ${String(cause)}` })
        : Either.left(found)
    )
  )

/** Digits that may be more than a double holds; those of a fraction, which JavaScript reads as Python does, are left out. */
const manyDigits = /(?<![.\d]|[eE][+-]?)\d{16}/g

const isDigit = (code: number): boolean => code >= 48 && code <= 57

const inexactInteger = (text: string): string | undefined => {
  for (const { index } of text.matchAll(manyDigits)) {
    let end = index + 16
    while (isDigit(text.charCodeAt(end))) end++
    const digits = text.slice(index, end)
    if (!/[.eE]/.test(text.charAt(end)) && !Number.isSafeInteger(Number(digits))) {
      const shown = digits.length > 50 ? `${digits.slice(0, 50)}…` : digits
      return text.charAt(index - 1) === "-" ? `-${shown}` : shown
    }
  }
  return undefined
}

/** The place behind the string that begins at `from`. Not by a pattern: a long string overflows its stack. */
const afterString = (text: string, from: number): number => {
  for (let at = text.indexOf("\"", from + 1); at >= 0; at = text.indexOf("\"", at + 1)) {
    let slashes = 0
    while (text[at - 1 - slashes] === "\\") slashes++
    if (slashes % 2 === 0) return at + 1
  }
  return text.length
}

/** Looks between the strings. */
const inexact = (text: string): string | undefined => {
  if (text.search(manyDigits) < 0) return undefined
  for (let at = 0; at < text.length;) {
    const quote = text.indexOf("\"", at)
    const end = quote < 0 ? text.length : quote
    const found = inexactInteger(text.slice(at, end))
    if (found !== undefined) return found
    at = quote < 0 ? end : afterString(text, quote)
  }
  return undefined
}

/**
 * The value of a text, or what keeps it from being read: an integer that a JavaScript number does not hold is told, not
 * rounded.
 *
 * @internal
 */
export const parse = (text: string): Either.Either<unknown, string> => {
  const integer = inexact(text)
  return integer === undefined
    ? Either.try({ try: (): unknown => JSON.parse(text), catch: (cause) => `it is not JSON: ${String(cause)}` })
    : Either.left(`the integer ${integer} is more than a JavaScript number holds`)
}
