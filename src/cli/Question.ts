/**
 * Questions to whoever sits at the terminal.
 *
 * @since 0.1.0
 */
import * as Prompt from "@effect/cli/Prompt"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import * as terminal from "../internal/terminal.ts"

/**
 * How questions are asked; tests answer them here.
 *
 * @since 0.1.0
 * @category tags
 */
export class Question extends Context.Reference<Question>()("lazycluster/cli/Question", {
  defaultValue: (): {
    /** Whether somebody can answer: input and outputs are a terminal. */
    readonly possible: Effect.Effect<boolean>
    readonly confirm: (text: string) => Effect.Effect<boolean, never, Prompt.Prompt.Environment>
    /** What is typed does not show. */
    readonly secret: (text: string) => Effect.Effect<Redacted.Redacted<string>, never, Prompt.Prompt.Environment>
  } => ({
    possible: terminal.isInteractive,
    confirm: (text) => asked(Prompt.confirm({ message: text, initial: false })),
    secret: (text) => asked(Prompt.hidden({ message: text }))
  })
}) {}

/** Ctrl-C at a question ends the command as it does elsewhere. */
const asked = <A>(prompt: Prompt.Prompt<A>): Effect.Effect<A, never, Prompt.Prompt.Environment> =>
  Effect.catchTag(Prompt.run(prompt), "QuitException", () => Effect.interrupt)
