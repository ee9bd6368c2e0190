/**
 * Questions to whoever sits at the terminal.
 *
 * @since 0.1.0
 */
import * as Prompt from "@effect/cli/Prompt"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import * as standardInput from "../internal/standardInput.ts"
import { Invocation, UsageError } from "./Invocation.ts"
import * as View from "./View.ts"

/**
 * How questions are asked; tests answer them here.
 *
 * @since 0.1.0
 * @category tags
 */
export class Question extends Context.Reference<Question>()("lazycluster/cli/Question", {
  defaultValue: (): {
    /** Whether somebody can answer: input and outputs are a terminal. */
    readonly heard: Effect.Effect<boolean, never, View.View>
    readonly confirm: (text: string) => Effect.Effect<boolean, never, Prompt.Prompt.Environment>
    /** What is typed does not show. */
    readonly secret: (text: string) => Effect.Effect<Redacted.Redacted<string>, never, Prompt.Prompt.Environment>
  } => ({
    heard: Effect.flatMap(View.View, (view) => view.live ? standardInput.isTerminal : Effect.succeed(false)),
    confirm: (text) => asked(Prompt.confirm({ message: text, initial: false })),
    secret: (text) => asked(Prompt.hidden({ message: text }))
  })
}) {}

/** Ctrl-C at a question ends the command as it does elsewhere. */
const asked = <A>(prompt: Prompt.Prompt<A>): Effect.Effect<A, never, Prompt.Prompt.Environment> =>
  Effect.catchTag(Prompt.run(prompt), "QuitException", () => Effect.interrupt)

/**
 * Whether a question would be answered. `--json` is for programs, which answer none.
 *
 * @since 0.1.0
 * @category guards
 */
export const possible: Effect.Effect<boolean, never, View.View> = Effect.flatMap(
  Invocation,
  ({ json }) => json ? Effect.succeed(false) : Effect.flatMap(Question, ({ heard }) => heard)
)

/**
 * Fails with `UsageError` where nobody would answer: `--yes` says it beforehand. For the beginning of a command, before it
 * connects to anything.
 *
 * @since 0.1.0
 * @category guards
 */
export const needed = (command: string): Effect.Effect<void, UsageError, View.View> =>
  Effect.flatMap(Effect.all([Invocation, possible]), ([{ json }, possible]) =>
    possible ? Effect.void : new UsageError({
      detail: `lazycluster ${command} would ask, and ${json ? "--json is for programs" : "there is no terminal"}`,
      hint: "--yes does it without asking, --dry-run shows what it would do"
    }))

/**
 * A yes or a no.
 *
 * @since 0.1.0
 * @category execution
 */
export const confirm = (text: string): Effect.Effect<boolean, never, Prompt.Prompt.Environment | View.View> =>
  Effect.flatMap(Effect.all([Question, View.View]), ([question, view]) => view.still(question.confirm(text)))

/**
 * A secret.
 *
 * @since 0.1.0
 * @category execution
 */
export const secret = (
  text: string
): Effect.Effect<Redacted.Redacted<string>, never, Prompt.Prompt.Environment | View.View> =>
  Effect.flatMap(Effect.all([Question, View.View]), ([question, view]) => view.still(question.secret(text)))
