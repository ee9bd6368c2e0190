/**
 * `lazycluster up ENGINE`.
 *
 * @since 0.1.0
 */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as ClusterOptions from "./ClusterOptions.ts"
import * as CommandAbout from "./CommandAbout.ts"
import type { Engine } from "./Engine.ts"
import * as EngineOptions from "./EngineOptions.ts"
import { engines } from "./engines.ts"
import * as HostOptions from "./HostOptions.ts"
import { UsageError } from "./Invocation.ts"
import * as Subcommand from "./Subcommand.ts"
import * as Up from "./Up.ts"

const of = ({ description, examples, name, options }: Engine) =>
  Subcommand.make({
    name,
    description,
    examples,
    json: true,
    program: "optional",
    config: {
      hosts: HostOptions.options,
      filter: HostOptions.filters,
      cluster: EngineOptions.options,
      engine: options,
      plan: ClusterOptions.plan,
      logs: Options.boolean("logs").pipe(Options.withDescription("Show each line that the processes print"))
    },
    run: Up.run
  })

const [first, ...others] = engines

/**
 * A cluster of any engine that the library has.
 *
 * @since 0.1.0
 * @category commands
 */
export const command = Command.make(
  "up",
  {},
  () =>
    new UsageError({
      detail: `lazycluster up wants an engine: ${engines.map(({ name }) => name).join(", ")}`,
      hint: `lazycluster up ${first.name}`
    })
).pipe(
  Command.withDescription(CommandAbout.toHelp({
    description: "Start a cluster and keep it up until Ctrl-C, or run a program against it.",
    examples: first.examples,
    json: false,
    program: "none"
  })),
  Command.withSubcommands([of(first), ...others.map(of)])
)
