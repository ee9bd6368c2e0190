/**
 * What stands on the command line for every command, wherever it stands: `--debug`, `--json`, and a program after `--`.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { explain } from "../services/SshError.ts"

/**
 * What was said to every command.
 *
 * @since 0.1.0
 * @category tags
 */
export class Invocation extends Context.Reference<Invocation>()("lazycluster/Invocation", {
  defaultValue: (): {
    /** Whether errors are shown with where they come from, and logs from debug on. */
    readonly debug: boolean
    /** Whether data is printed as JSON. */
    readonly json: boolean
    /** The words after `--`: a program and its arguments, never parsed as options of ours. */
    readonly program: ReadonlyArray<string> | undefined
  } => ({ debug: false, json: false, program: undefined })
}) {}

/**
 * The command line is not one that the command takes.
 *
 * @since 0.1.0
 * @category errors
 */
export class UsageError extends Schema.TaggedError<UsageError>("lazycluster/cli/UsageError")("UsageError", {
  detail: Schema.String,
  hint: Schema.optional(Schema.String)
}) {
  override get message(): string {
    return explain({ what: this.detail, hint: this.hint })
  }
}

const flags = new Map<string, Partial<Invocation["Type"]>>([
  ["--debug", { debug: true }],
  ["-d", { debug: true }],
  ["--no-debug", { debug: false }],
  ["--json", { json: true }]
])

/**
 * Splits the words of a command line (without Node and script): those of the command, and what is for every command.
 *
 * @since 0.1.0
 * @category constructors
 */
export const parse = (
  line: ReadonlyArray<string>
): { readonly words: ReadonlyArray<string>; readonly invocation: Invocation["Type"] } => {
  const dashes = line.indexOf("--")
  const before = dashes < 0 ? line : line.slice(0, dashes)
  return {
    words: before.filter((word) => !flags.has(word)),
    invocation: before.reduce<Invocation["Type"]>((all, word) => ({ ...all, ...flags.get(word) }), {
      debug: false,
      json: false,
      program: dashes < 0 ? undefined : line.slice(dashes + 1)
    })
  }
}

/**
 * The program after `--`, for commands that cannot do without. Fails with `UsageError`.
 *
 * @since 0.1.0
 * @category accessors
 */
export const program = (command: string): Effect.Effect<readonly [string, ...Array<string>], UsageError> =>
  Effect.flatMap(Invocation, ({ program = [] }) => {
    const [first, ...rest] = program
    return first === undefined
      ? new UsageError({
        detail: `lazycluster ${command} wants a command after --`,
        hint: `for example: lazycluster ${command} -- uname -a`
      })
      : Effect.succeed([first, ...rest])
  })
