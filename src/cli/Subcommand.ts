/**
 * How commands of `lazycluster` are made: name, options, help with examples, and what of the common words they take.
 *
 * @since 0.1.0
 */
import * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import type * as Types from "effect/Types"
import * as CommandAbout from "./CommandAbout.ts"
import { Invocation, UsageError } from "./Invocation.ts"

export type {
  /**
   * A line to type, and what it does.
   *
   * @since 0.1.0
   * @category models
   */
  Example
} from "./CommandAbout.ts"

/**
 * A command. Where it prints no data, `--json` is an error, and so is `-- PROGRAM` where it runs none.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <Name extends string, const Config extends Command.Command.Config, E, R>(options: {
  readonly name: Name
  readonly description: string
  /** At least one: `--help` shows them. */
  readonly examples: readonly [CommandAbout.Example, ...ReadonlyArray<CommandAbout.Example>]
  readonly config: Config
  /** Whether it prints data, and so takes `--json`. Default no. */
  readonly json?: boolean | undefined
  /** Whether words after `--` are for it. Default no. */
  readonly program?: "optional" | "required" | undefined
  readonly run: (parsed: Types.Simplify<Command.Command.ParseConfig<Config>>) => Effect.Effect<void, E, R>
}): Command.Command<Name, R, E | UsageError, Types.Simplify<Command.Command.ParseConfig<Config>>> =>
  Command.make(
    options.name,
    options.config,
    (parsed) =>
      Effect.flatMap(Invocation, ({ json, program }): Effect.Effect<void, E | UsageError, R> => {
        const { name, run } = options
        if (json && options.json !== true) {
          return new UsageError({ detail: `lazycluster ${name} prints no data: --json is not for it` })
        }
        return program !== undefined && options.program === undefined
          ? new UsageError({ detail: `lazycluster ${name} runs no command: nothing may follow --` })
          : run(parsed)
      })
  ).pipe(
    Command.withDescription(
      CommandAbout.toHelp({ ...options, json: options.json === true, program: options.program ?? "none" })
    )
  )
