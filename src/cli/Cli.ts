/**
 * The commands: parse, call the library, show.
 *
 * @since 0.1.0
 */
import * as Command from "@effect/cli/Command"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { packageVersion } from "../internal/packageVersion.ts"
import * as terminal from "../internal/terminal.ts"
import * as DemoCommand from "./DemoCommand.ts"
import * as Invocation from "./Invocation.ts"

/**
 * All commands.
 *
 * @since 0.1.0
 * @category constructors
 */
export const command = Command.make("lazycluster").pipe(
  Command.withDescription("Clusters on plain SSH hosts: nothing to install there by hand, nothing left behind"),
  Command.withSubcommands([DemoCommand.command])
)

/** @effect/cli colours its texts whoever reads them. */
const plainWhereNobodyLooks = Effect.gen(function*() {
  const { out, err } = yield* Effect.all({ out: terminal.standardOutput, err: terminal.standardError })
  return yield* Console.consoleWith((console) => Effect.succeed(console)).pipe(
    Effect.map((console): Console.Console => ({
      ...console,
      log: (...texts) => console.log(...(out.colours ? texts : texts.map((text) => terminal.plain(String(text))))),
      error: (...texts) => console.error(...(err.colours ? texts : texts.map((text) => terminal.plain(String(text)))))
    }))
  )
})

const cli = Command.run(command, { name: "lazycluster", version: packageVersion })

/**
 * Runs a command line, Node and script first. It fails with the command's error, or with a `ValidationError` that has been printed already.
 *
 * @since 0.1.0
 * @category execution
 */
export const run = (line: ReadonlyArray<string>) => {
  const { invocation, words } = Invocation.parse(line.slice(2))
  return Effect.flatMap(plainWhereNobodyLooks, (console) =>
    cli([...line.slice(0, 2), ...words]).pipe(
      Effect.withConsole(console),
      Effect.provideService(Invocation.Invocation, invocation)
    ))
}
