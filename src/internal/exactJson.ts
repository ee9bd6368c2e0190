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
  }).pipe(Either.flatMap((found) => found === undefined ? Either.right(JSON.stringify(value)) : Either.left(found)))

/** Digits that may be more than a double holds; a float's, which JavaScript reads as Python does, are left out. */
const manyDigits = /(?<![.\d])\d{16,}(?![.\deE])/
const tokens = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g

const inexact = (text: string): string | undefined => {
  if (!manyDigits.test(text)) return undefined
  for (const [token] of text.matchAll(tokens)) {
    if (/^-?\d{16,}$/.test(token) && !Number.isSafeInteger(Number(token))) return token
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
