/**
 * Answers to a server's keyboard-interactive prompts: those that the host has come first, each once; then those of the one who
 * is asked.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type { Prompt } from "../services/AuthQuestion.ts"
import type { Host } from "../services/Host.ts"
import type { ResolvedHost } from "../services/SshConfig.ts"
import type { Asking } from "./asking.ts"
import { withoutControl } from "./outputText.ts"

/** No login asks more; a server that goes on for ever would hold us. */
const mostRounds = 10
const mostPrompts = 20
const longestText = 1000

/**
 * A server's words, fit to be shown.
 *
 * @internal
 */
export const harmless = (text: string): string =>
  text.slice(0, longestText).split("\n").map(withoutControl).join("\n").trimEnd()

/** What the host answers to a prompt by itself. */
const ownAnswer = (host: Host, prompt: Prompt): Option.Option<Redacted.Redacted<string>> => {
  const text = prompt.text.toLowerCase()
  const named = Object.entries(host.answers ?? {}).find(([part]) => text.includes(part.toLowerCase()))?.[1]
  return Option.fromNullable(named ?? (!prompt.echo && text.includes("passw") ? host.password : undefined))
}

/**
 * One connection's answers. `answer` gives one for each prompt of a round, or says what could not be answered.
 *
 * @internal
 */
export const make = (resolved: Pick<ResolvedHost, "host" | "user">, asking: Asking) => {
  const { host, user } = resolved
  // One that was refused would be refused again.
  const given = new Set<string>()
  let rounds = 0
  let asked = 0

  const questions = (instruction: string, prompts: ReadonlyArray<Prompt>) => {
    const { ask } = asking
    return ask === undefined
      ? Effect.succeedNone
      : asking.turn(
        host.alias,
        Effect.suspend(() =>
          ask({ host, user, kind: "keyboard-interactive", instruction, prompts, attempt: asked += 1 })
        )
      )
  }

  const answer = (
    instruction: string,
    prompts: ReadonlyArray<Prompt>
  ): Effect.Effect<ReadonlyArray<string>, string> =>
    Effect.gen(function*() {
      rounds += 1
      if (rounds > mostRounds || prompts.length > mostPrompts) {
        return yield* Effect.fail("the server asks without an end")
      }
      const own = prompts.map((prompt) => given.has(prompt.text) ? Option.none() : ownAnswer(host, prompt))
      for (const prompt of prompts) given.add(prompt.text)
      const left = prompts.filter((_, index) => Option.isNone(own[index] ?? Option.none()))
      if (left.length === 0) return own.flatMap((one) => Option.toArray(Option.map(one, Redacted.value)))
      const others = yield* questions(instruction, left)
      if (Option.isNone(others)) {
        return yield* Effect.fail(`nobody answers ${left.map(({ text }) => JSON.stringify(text.trim())).join(", ")}`)
      }
      const answers = [...others.value]
      return own.flatMap((one) => Option.toArray(Option.orElse(one, () => Option.fromNullable(answers.shift())))).map(
        Redacted.value
      )
    })
  return { answer }
}
