/**
 * The commands: parse, call the library, show.
 *
 * @since 0.1.0
 */
import * as CliConfig from "@effect/cli/CliConfig"
import * as Command from "@effect/cli/Command"
import * as CommandDescriptor from "@effect/cli/CommandDescriptor"
import * as CommandDirective from "@effect/cli/CommandDirective"
import type * as ValidationError from "@effect/cli/ValidationError"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import { packageVersion } from "../internal/packageVersion.ts"
import * as AddRuntimeCommand from "./AddRuntimeCommand.ts"
import * as CleanCommand from "./CleanCommand.ts"
import * as CommandAbout from "./CommandAbout.ts"
import * as CommandLine from "./CommandLine.ts"
import * as CommandPath from "./CommandPath.ts"
import { Commands } from "./Commands.ts"
import * as CommandTree from "./CommandTree.ts"
import * as CompletionsCommand from "./CompletionsCommand.ts"
import * as ConfigCommand from "./ConfigCommand.ts"
import * as DeleteRuntimeCommand from "./DeleteRuntimeCommand.ts"
import * as DemoCommand from "./DemoCommand.ts"
import * as DoctorCommand from "./DoctorCommand.ts"
import * as ExposeCommand from "./ExposeCommand.ts"
import * as Failure from "./Failure.ts"
import * as GetCommand from "./GetCommand.ts"
import * as HelpCommand from "./HelpCommand.ts"
import * as InfoCommand from "./InfoCommand.ts"
import * as Invocation from "./Invocation.ts"
import * as ListRuntimesCommand from "./ListRuntimesCommand.ts"
import * as Log from "./Log.ts"
import * as LogsCommand from "./LogsCommand.ts"
import * as PsCommand from "./PsCommand.ts"
import * as PutCommand from "./PutCommand.ts"
import * as RunCommand from "./RunCommand.ts"
import * as Settings from "./Settings.ts"
import * as ShellCommand from "./ShellCommand.ts"
import * as UpCommand from "./UpCommand.ts"
import * as View from "./View.ts"

/**
 * All commands.
 *
 * @since 0.1.0
 * @category constructors
 */
export const command = Command.make("lazycluster").pipe(
  Command.withDescription(CommandAbout.toHelp({
    description: "Clusters on plain SSH hosts: nothing to install there by hand, nothing left behind.",
    examples: [["lazycluster demo", "A Dask cluster on three hosts inside this process, and nothing left behind"]],
    json: false,
    program: "none"
  })),
  Command.withSubcommands([
    AddRuntimeCommand.command,
    DeleteRuntimeCommand.command,
    DemoCommand.command,
    CompletionsCommand.command,
    ConfigCommand.command,
    DoctorCommand.command,
    HelpCommand.command,
    InfoCommand.command,
    ListRuntimesCommand.command,
    PsCommand.command,
    RunCommand.command,
    ShellCommand.command,
    UpCommand.command,
    ExposeCommand.command,
    PutCommand.command,
    GetCommand.command,
    CleanCommand.command,
    LogsCommand.command
  ])
)

/**
 * All commands as data.
 *
 * @since 0.1.0
 * @category accessors
 */
export const tree: CommandTree.CommandTree = CommandTree.of(command.descriptor)

const refused = (path: CommandPath.Path, error: ValidationError.ValidationError) =>
  new Invocation.UsageError({
    detail: CommandAbout.text(error.error),
    hint: `${CommandPath.spelled(path)} --help shows what it takes`
  })

/** These must answer where the settings are broken, too. */
const unset = new Set<CommandTree.CommandTree | undefined>(
  tree.commands.filter(({ name }) => ["completions", "config", "help"].includes(name))
)

/** What @effect/cli shows by itself (a wizard, completions, help) never gets that far: options that are not in the tree are refused. */
const started = Effect.fnUntraced(function*(typed: CommandLine.Run) {
  const { run, settings } = Settings.apply(typed, unset.has(typed.path[1]) ? [] : yield* Settings.load(tree))
  const words = ["lazycluster", ...CommandLine.words(run)]
  const directive = yield* CommandDescriptor.parse(command.descriptor, words, CliConfig.defaultConfig).pipe(
    Effect.mapError((error) => refused(run.path, error)),
    Effect.mapError((error) => {
      const hint = Settings.blame(error, settings)
      return hint === undefined ? error : new Invocation.UsageError({ ...error, hint })
    })
  )
  if (CommandDirective.isUserDefined(directive)) {
    yield* command.transform(command.handler(directive.value), directive.value)
  }
})

/**
 * Runs a command line, Node and script first. It fails with the command's error, which it has shown.
 *
 * @since 0.1.0
 * @category execution
 */
export const run = (line: ReadonlyArray<string>) => {
  const { invocation, words } = Invocation.parse(line.slice(2))
  const asked = Effect.suspend(() => CommandLine.read(tree, words)).pipe(
    Effect.flatMap((reading) => {
      switch (reading._tag) {
        case "Help":
          return HelpCommand.show(reading.path)
        case "Version":
          return View.data({ version: packageVersion }, () => packageVersion)
        case "Run":
          return started(reading)
      }
    })
  )
  // Words that are not yet a command line.
  const [, , first, ...rest] = line
  return (first === "__complete" ? CompletionsCommand.complete(rest) : asked).pipe(
    Effect.tapErrorCause(Failure.show),
    Logger.withMinimumLogLevel(invocation.debug ? LogLevel.Debug : LogLevel.Info),
    Effect.provide(Log.layer(invocation.debug)),
    Effect.provideService(Commands, tree),
    Effect.provideService(Invocation.Invocation, invocation)
  )
}
