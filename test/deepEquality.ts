/**
 * `assert.deepStrictEqual(Option.none(), Option.some(1))` passes: where two objects have different keys, chai compares what their
 * iterators give, and that of an Effect value gives a box that hides it. Deep comparisons throw instead where chai sees no difference.
 */
import { chai } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null

/** Of an error chai looks at its name, message and code, and at nothing else; `_tag` is the name of a tagged one. */
const seenOfErrors = new Set(["name", "message", "code", "_tag"])

const isEmpty = (value: object) => {
  for (const _ in value) return false
  return Object.getOwnPropertySymbols(value).length === 0 && !(Symbol.iterator in value)
}

/** What holds its content in private fields looks like this to chai. */
const isHidden = (value: object) =>
  Object.prototype.toString.call(value) === "[object Object]" && isEmpty(value)
  && Object.getPrototypeOf(value) !== Object.prototype && Object.getPrototypeOf(value) !== null

/** What to compare in place of such a value. */
const instead = (value: object): string | undefined => {
  if (Option.isOption(value)) return "an Option: compare Option.getOrUndefined of it, or use assertSome and assertNone"
  if (Redacted.isRedacted(value)) return "a Redacted: compare Redacted.value of it"
  if (value instanceof Error) {
    const unseen = Object.keys(value).filter((key) => !seenOfErrors.has(key))
    return unseen.length === 0 ? undefined : `an error with ${unseen.join(", ")}: compare its fields`
  }
  if (Effect.isEffect(value) && !Either.isEither(value) && !Exit.isExit(value)) {
    return "an Effect: compare what it gives"
  }
  return isHidden(value) ? `a ${value.constructor.name} that shows no field: compare what it tells` : undefined
}

/** Called for each two values that chai comes to; with `null` it compares them itself. One and the same value is equal to itself. */
const comparator = (left: unknown, right: unknown): boolean | null => {
  if (!isObject(left) || !isObject(right) || (left === right && !Option.isOption(left))) return null
  if (ArrayBuffer.isView(left)) return chai.util.eql(left, right)
  const blind = instead(left) ?? instead(right)
  if (blind !== undefined) throw new TypeError(`chai may see no difference where a value is ${blind}`)
  return null
}

// Set, and not wrapped around what is there: files of one worker share it, and each runs this.
chai.config.deepEqual = (left, right) => chai.util.eql(left, right, { comparator })
