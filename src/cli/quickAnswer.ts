/**
 * What the command answers before Effect is loaded: who has not yet chosen what to do must not wait.
 *
 * @since 0.1.0
 */
import { packageVersion } from "../internal/packageVersion.ts"
import { columnsOf, lookOf, stylesOf } from "../internal/textStyle.ts"
import * as CommandPath from "./CommandPath.ts"
import * as Completions from "./Completions.ts"
import { scripts } from "./CompletionScripts.ts"
import * as Help from "./Help.ts"
import { knownCommands } from "./knownCommands.ts"

const line = (text: string | undefined): string | undefined => text === undefined ? undefined : `${text}\n`

/** Where to and under which settings it is printed. */
interface Output {
  readonly stream: { readonly isTTY?: boolean; readonly columns?: number }
  readonly variables: NodeJS.ProcessEnv
}

/** The help of the command that names lead to; what else is wrong with a line is said where all of it is read. */
const help = (names: ReadonlyArray<string>, { stream, variables }: Output): string | undefined => {
  const path = CommandPath.below(knownCommands, names)
  return path && Help.render(path, stylesOf(lookOf(stream, variables).colours), columnsOf(stream))
}

/**
 * The answer to a command line that needs no more than that; `undefined` where there is none.
 *
 * @internal
 */
export const quickAnswer = (words: ReadonlyArray<string>, output: Output): string | undefined => {
  const [first, ...rest] = words
  const last = words.at(-1)
  if (first === "__complete") {
    const answer = Completions.answer(knownCommands, rest)
    return answer.also === "hosts" ? undefined : Completions.render(answer)
  }
  const script = first === "completions" && rest.length === 1 ? scripts.get(rest[0] ?? "") : undefined
  if (script !== undefined) return script
  if (first === "--version" && rest.length === 0) return line(packageVersion)
  if (last === "--help" || last === "-h") return line(help(words.slice(0, -1), output))
  return first === undefined || first === "help" ? line(help(rest, output)) : undefined
}
