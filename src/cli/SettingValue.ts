/**
 * Values of settings, as the words that stand for them on a command line.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { OptionTree } from "./CommandTree.ts"
import { UsageError } from "./Invocation.ts"

const wanted = ({ repeated, value }: OptionTree): string => {
  switch (value.kind) {
    case "switch":
      return "true or false"
    case "integer":
      return "a whole number"
    case "number":
      return "a number"
    case "choice":
      return `one of ${value.choices.join(", ")}`
    default:
      return repeated || value.label.includes(",") ? "a text, or texts in brackets" : "a text"
  }
}

const wrong = (option: OptionTree, source: string) =>
  new UsageError({ detail: `${source}: ${option.name} wants ${wanted(option)}` })

const switches = new Map([
  ...["true", "1", "yes", "on"].map((word) => [word, "true"] as const),
  ...["false", "0", "no", "off"].map((word) => [word, "false"] as const)
])

/**
 * From a variable.
 *
 * @since 0.1.0
 * @category constructors
 */
export const ofText = (
  option: OptionTree,
  text: string,
  source: string
): Effect.Effect<ReadonlyArray<string>, UsageError> => {
  const { kind } = option.value
  const value = kind === "switch" ? switches.get(text.trim().toLowerCase()) : text
  return value === undefined || (kind === "integer" && !/^-?\d+$/.test(text.trim()))
    ? wrong(option, source)
    : Effect.succeed(option.repeated ? value.split(",").map((word) => word.trim()) : [value])
}

const one = ({ value: { choices, kind } }: OptionTree, value: unknown): string | undefined => {
  switch (kind) {
    case "switch":
      return typeof value === "boolean" ? String(value) : undefined
    case "integer":
      return Number.isSafeInteger(value) ? String(value) : undefined
    case "number":
      return typeof value === "number" ? String(value) : undefined
    case "choice":
      return typeof value === "string" && choices.includes(value) ? value : undefined
    default:
      return typeof value === "string" || typeof value === "number" ? String(value) : undefined
  }
}

/**
 * From a value of the file.
 *
 * @since 0.1.0
 * @category constructors
 */
export const ofToml = (
  option: OptionTree,
  value: unknown,
  source: string
): Effect.Effect<ReadonlyArray<string>, UsageError> => {
  const listed = option.value.label.includes(",")
  const values = (Array.isArray(value) ? value : [value]).map((part: unknown) => one(option, part))
  const words = values.filter((word) => word !== undefined)
  const plural = Array.isArray(value) && !option.repeated && !listed
  if (words.length !== values.length || plural) return wrong(option, source)
  return Effect.succeed(option.repeated || !listed ? words : [words.join(",")])
}
