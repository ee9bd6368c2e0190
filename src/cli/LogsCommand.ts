/**
 * `lazycluster logs`.
 *
 * @since 0.1.0
 */
import * as Options from "@effect/cli/Options"
import * as Logs from "./Logs.ts"
import * as OptionValue from "./OptionValue.ts"
import * as Subcommand from "./Subcommand.ts"

/**
 * The execution logs on this machine.
 *
 * @since 0.1.0
 * @category commands
 */
export const command = Subcommand.make({
  name: "logs",
  description:
    "Show what programs on hosts have printed: those of lazycluster run, the processes of lazycluster up, and tasks and services of programs with the library. The logs lie on this machine, in $LAZYCLUSTER_DIRECTORY, else in ./lazycluster where programs have made it, else in ~/.local/state/lazycluster-logs.",
  examples: [
    ["lazycluster logs", "The last lines of all logs, the newest last"],
    ["lazycluster logs -f --host host-1", "What is written for a host, as it is written"],
    ["lazycluster logs -f --task worker-1", "What a worker of lazycluster up prints, in another terminal"],
    ["lazycluster logs --task train --since 2h --json", "Lines of a task as data"],
    ["lazycluster logs --list", "Which logs there are"]
  ],
  json: true,
  config: {
    follow: Options.boolean("follow").pipe(
      Options.withAlias("f"),
      Options.withDescription("Go on with what is written, also by other processes, until Ctrl-C")
    ),
    host: OptionValue.text("host", "alias", "Only of this host"),
    task: OptionValue.text(
      "task",
      "name",
      "Only of this task: what --name of lazycluster run said (run), or a process of a cluster"
    ),
    since: OptionValue.text("since", "time", "Only lines since then: 10m, 2h, 3d, or a time like 2026-11-22T07:00:00Z"),
    lines: OptionValue.above("lines", 0).pipe(
      Options.withAlias("n"),
      Options.withPseudoName("N"),
      Options.withDescription("How many, the last ones: 100 without this, 10000 with --since"),
      OptionValue.orUndefined
    ),
    list: Options.boolean("list").pipe(
      Options.withAlias("l"),
      Options.withDescription("Name the logs, not their lines")
    ),
    directory: OptionValue.text("directory", "dir", "The main directory of a program, in which execution_log is")
  },
  run: Logs.run
})
