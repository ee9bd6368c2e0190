/**
 * `lazycluster help`.
 *
 * @since 0.1.0
 */
import * as Args from "@effect/cli/Args"
import * as Effect from "effect/Effect"
import * as CommandLine from "./CommandLine.ts"
import * as CommandPath from "./CommandPath.ts"
import { Commands } from "./Commands.ts"
import * as Help from "./Help.ts"
import * as Subcommand from "./Subcommand.ts"
import * as View from "./View.ts"

/**
 * Shows the help of a command; as JSON what it takes.
 *
 * @since 0.1.0
 * @category accessors
 */
export const show = (path: CommandPath.Path): Effect.Effect<void, never, View.View> =>
  View.data(CommandPath.last(path), (paint, columns) => Help.render(path, paint, columns))

/**
 * What commands there are, and what they take.
 *
 * @since 0.1.0
 * @category commands
 */
export const command = Subcommand.make({
  name: "help",
  description: "Show what a command takes, with examples.",
  examples: [
    ["lazycluster help", "All commands"],
    ["lazycluster help demo", "What demo takes"],
    ["lazycluster help --json", "All commands and their options, as data"]
  ],
  json: true,
  config: {
    command: Args.text({ name: "command" }).pipe(
      Args.withDescription("The command, and the one below it: up dask"),
      Args.repeated
    )
  },
  run: Effect.fnUntraced(function*({ command }) {
    const tree = yield* Commands
    const reading = yield* CommandLine.read(tree, [...command, "--help"])
    if (reading._tag === "Help") yield* show(reading.path)
  })
})
