/**
 * `lazycluster completions`, and what the scripts that it prints ask.
 *
 * @since 0.1.0
 */
import * as Args from "@effect/cli/Args"
import * as Effect from "effect/Effect"
import { SshConfig } from "../services/SshConfig.ts"
import { Commands } from "./Commands.ts"
import * as Completions from "./Completions.ts"
import * as CompletionScripts from "./CompletionScripts.ts"
import { Reach } from "./Reach.ts"
import * as Subcommand from "./Subcommand.ts"
import * as View from "./View.ts"

/**
 * Prints a shell's script.
 *
 * @since 0.1.0
 * @category commands
 */
export const command = Subcommand.make({
  name: "completions",
  description:
    "Print the script that completes commands, options and hosts in a shell. It asks lazycluster itself: it need not be made anew after an update.",
  examples: [
    ["eval \"$(lazycluster completions bash)\"", "In ~/.bashrc"],
    ["eval \"$(lazycluster completions zsh)\"", "In ~/.zshrc, after compinit"],
    ["lazycluster completions fish > ~/.config/fish/completions/lazycluster.fish", "Once, for fish"]
  ],
  config: {
    shell: Args.choice([...CompletionScripts.scripts], { name: "shell" }).pipe(
      Args.withDescription("bash, zsh or fish")
    )
  },
  run: ({ shell }) => Effect.flatMap(View.View, (view) => view.print(shell.trimEnd()))
})

/** Who presses Tab wants no errors. */
const aliases = (config: string | undefined) =>
  Effect.flatMap(Reach, (reach) =>
    Effect.flatMap(SshConfig, (config) => config.aliases).pipe(
      Effect.provide(reach({ sshConfig: { file: config } })),
      Effect.orElseSucceed((): ReadonlyArray<string> => [])
    ))

/**
 * Says what fits in the place of the last word.
 *
 * @since 0.1.0
 * @category execution
 */
export const complete = Effect.fnUntraced(function*(words: ReadonlyArray<string>) {
  const answer = Completions.answer(yield* Commands, words)
  const text = Completions.render(answer, answer.also === "hosts" ? yield* aliases(answer.config) : [])
  if (text !== "") yield* Effect.flatMap(View.View, (view) => view.print(text.trimEnd()))
})
