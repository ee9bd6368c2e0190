/**
 * `lazycluster shell`: a shell on a host, in this terminal.
 *
 * @since 0.1.0
 */
import * as Args from "@effect/cli/Args"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as opensshShell from "../internal/opensshShell.ts"
import { quoteAll } from "../internal/words.ts"
import * as Host from "../services/Host.ts"
import { SshConfig } from "../services/SshConfig.ts"
import { ProgramEnded } from "./ExitCode.ts"
import * as HostOptions from "./HostOptions.ts"
import { Invocation, UsageError } from "./Invocation.ts"
import * as Subcommand from "./Subcommand.ts"
import * as View from "./View.ts"

/** The one that was named: as the argument, or as the only one of the options. */
const chosen = (
  named: Option.Option<string>,
  names: ReadonlyArray<string> | undefined
): Effect.Effect<string, UsageError> => {
  const all = Option.match(named, { onNone: () => names ?? [], onSome: (name) => [name] })
  const [first] = all
  return first !== undefined && all.length === 1
    ? Effect.succeed(first)
    : new UsageError({ detail: "lazycluster shell wants one host", hint: "for example: lazycluster shell host-1" })
}

/**
 * A shell on a host.
 *
 * @since 0.1.0
 * @category commands
 */
export const command = Subcommand.make({
  name: "shell",
  description:
    "Open a shell on a host in this terminal, with the system's own ssh and the ssh config as it stands. Its exit code is the shell's; 255 when ssh could not connect. Words after -- are run in a terminal there instead of a shell; one word is a line of shell.",
  examples: [
    ["lazycluster shell host-1", "A login shell"],
    ["lazycluster shell host-1 --cwd data/run-7", "The same, in a directory below the home"],
    ["lazycluster shell host-1 -- htop", "A program that wants a terminal"],
    ["lazycluster shell host-1 -- 'cd data && less log'", "A line of shell"],
    ["lazycluster shell host-1 --dry-run", "The ssh command that it would run"]
  ],
  program: "optional",
  config: {
    host: Args.text({ name: "HOST" }).pipe(
      Args.withDescription("An alias of the ssh config, or user@host:port"),
      Args.optional
    ),
    hosts: HostOptions.options,
    cwd: Options.text("cwd").pipe(
      Options.withPseudoName("dir"),
      Options.withDescription("Where it starts; relative to the home directory there"),
      Options.optional
    ),
    dryRun: Options.boolean("dry-run").pipe(Options.withDescription("Print the ssh command, and run nothing"))
  },
  run: ({ cwd, dryRun, host, hosts }) =>
    HostOptions.use(hosts, ({ names }) =>
      Effect.gen(function*() {
        const { program } = yield* Invocation
        const named = yield* Host.parse(yield* chosen(host, names))
        const { file } = yield* SshConfig
        const argv = opensshShell.argv(named, {
          configFile: Option.getOrUndefined(yield* file),
          acceptNew: hosts.acceptNew,
          cwd: Option.getOrUndefined(cwd),
          // As run has it.
          command: program?.length === 1 ? ["/bin/sh", "-c", ...program] : program
        })
        const view = yield* View.View
        if (dryRun) return yield* view.print(quoteAll(argv))
        const code = yield* view.still(opensshShell.run(named, argv))
        if (code !== 0) return yield* new ProgramEnded({ code })
      }))
})
