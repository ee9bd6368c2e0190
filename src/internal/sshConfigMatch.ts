/**
 * The conditions of a `Match` line.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { Settings } from "./sshConfigSettings.ts"
import * as Setting from "./sshConfigSettings.ts"
import * as Tokens from "./sshConfigTokens.ts"
import * as Pattern from "./sshPattern.ts"

/**
 * What conditions look at.
 *
 * @internal
 */
export interface Subject {
  readonly facts: Tokens.Facts
  readonly settings: Settings
  /** Whether this is the second reading, which `final` and `canonical` ask for. */
  readonly final: boolean
  /** Whether a shell command succeeds. */
  readonly succeeds: (command: string) => Effect.Effect<boolean, string>
}

/**
 * Whether a line holds, and whether it asks for a second reading.
 *
 * @internal
 */
export interface Outcome {
  readonly holds: boolean
  readonly asksFinal: boolean
}

const valued: ReadonlySet<string> = new Set(["host", "originalhost", "user", "localuser", "tagged", "exec"])

interface Condition {
  readonly name: string
  readonly negated: boolean
  readonly value: string
}

/** `host a`, `host=a` and `host = a` are the same. */
const conditions = (words: ReadonlyArray<string>): Effect.Effect<ReadonlyArray<Condition>, string> => {
  const found: Array<Condition> = []
  const left = [...words]
  for (let text = left.shift(); text !== undefined; text = left.shift()) {
    const [, mark = "", key = "", joined] = /^(!?)([^=]*)(?:=(.*))?$/s.exec(text) ?? []
    const name = key.toLowerCase()
    let value = joined
    if (valued.has(name)) {
      if (value === undefined && left[0] === "=") left.shift()
      value = value === undefined || value === "" && text.endsWith("=") && left.length > 0 ? left.shift() : value
      if (value === undefined || (value === "" && name !== "tagged")) return Effect.fail(`Match ${name} needs a value`)
    } else if (name === "all" && (found.length > 1 || left.length > 0)) {
      return Effect.fail("Match all stands alone")
    } else if (!["all", "final", "canonical"].includes(name)) {
      return Effect.fail(`Match does not know ${key}`)
    }
    found.push({ name, negated: mark === "!", value: value ?? "" })
  }
  return found.length === 0 ? Effect.fail("Match needs a condition") : Effect.succeed(found)
}

const meets = ({ name, value }: Condition, subject: Subject): Effect.Effect<boolean, string> => {
  const { facts, settings } = subject
  switch (name) {
    case "host":
      return Effect.succeed(Pattern.matchesHost(facts.hostName, value))
    case "originalhost":
      return Effect.succeed(Pattern.matchesHost(facts.argument, value))
    case "user":
      return Effect.succeed(Pattern.matchesList(facts.user, value))
    case "localuser":
      return Effect.succeed(Pattern.matchesList(facts.local.name, value))
    case "tagged": {
      const tag = Setting.first(settings, "tag") ?? ""
      return Effect.succeed(tag === "" ? value === "" : Pattern.matchesList(tag, value))
    }
    case "exec":
      return Effect.flatMap(
        Tokens.percent(value, { ...Tokens.tokens(facts), k: facts.hostKeyAlias ?? facts.hostName }),
        subject.succeeds
      )
    case "all":
      return Effect.succeed(true)
    default:
      return Effect.succeed(subject.final)
  }
}

/**
 * Judges the words of a Match line. Commands run only while everything before them holds.
 *
 * @internal
 */
export const judge = (words: ReadonlyArray<string>, subject: Subject): Effect.Effect<Outcome, string> =>
  Effect.flatMap(conditions(words), (found) =>
    Effect.map(
      Effect.reduce(found, true, (holds, condition) =>
        holds
          ? Effect.map(meets(condition, subject), (met) => met !== condition.negated)
          : Effect.succeed(false)),
      (holds) => ({
        holds,
        asksFinal: found.some(({ name }) => name === "final")
      })
    ))
