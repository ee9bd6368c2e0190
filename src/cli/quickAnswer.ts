/**
 * What the command answers before Effect is loaded.
 *
 * @since 0.1.0
 */
import * as Completions from "./Completions.ts"
import { scripts } from "./CompletionScripts.ts"
import { knownCommands } from "./knownCommands.ts"

/**
 * The answer to a command line that needs no more than that; `undefined` where there is none.
 *
 * @internal
 */
export const quickAnswer = ([word, ...words]: ReadonlyArray<string>): string | undefined => {
  if (word === "completions" && words.length === 1) return scripts.get(words[0] ?? "")
  if (word !== "__complete") return undefined
  const answer = Completions.answer(knownCommands, words)
  return answer.also === "hosts" ? undefined : Completions.render(answer)
}
