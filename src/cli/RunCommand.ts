/**
 * `lazycluster run`.
 *
 * @since 0.1.0
 */
import * as Options from "@effect/cli/Options"
import * as Option from "effect/Option"
import * as DurationOption from "./DurationOption.ts"
import * as HostOptions from "./HostOptions.ts"
import * as OptionValue from "./OptionValue.ts"
import * as Run from "./Run.ts"
import * as Subcommand from "./Subcommand.ts"

const name = /^[A-Za-z_][A-Za-z0-9_]*(=[^\0]*)?$/s

/**
 * Programs on hosts.
 *
 * @since 0.1.0
 * @category commands
 */
export const command = Subcommand.make({
  name: "run",
  description:
    "Run a program on the host that has the least to do, or on each; it ends with the program's exit code. The words after -- are the program and its arguments as they are; a single word is a line of shell. What it prints comes as it is printed, and is kept: lazycluster logs.",
  examples: [
    ["lazycluster run --hosts host-1 -- python train.py --epochs 3", "A program, with its input and output"],
    ["lazycluster run --on-all -- 'df -h | tail -1'", "A line of shell, on every host of the ssh config"],
    [
      "ls *.csv | lazycluster run --each - --jobs 4 -- python work.py {}",
      "A command for each line, wherever there is room"
    ],
    ["lazycluster run --gpu --env TOKEN --dry-run -- ./train.sh", "Which host would run it"]
  ],
  json: true,
  program: "required",
  config: {
    hosts: HostOptions.options,
    filters: HostOptions.filters,
    onAll: Options.boolean("on-all").pipe(Options.withDescription("On each host, with its name before each line")),
    roundRobin: Options.boolean("round-robin").pipe(
      Options.withDescription(
        "A command for each line, dealt out one host after the other; of standard input without --each"
      )
    ),
    each: OptionValue.text(
      "each",
      "file",
      "A command for each line of a file (- is standard input), wherever there is room: the line in place of {}, or at the end of the command; without a command, the line itself"
    ),
    env: Options.text("env").pipe(
      Options.withPseudoName("name=value"),
      Options.withDescription(
        "A variable for the program; NAME alone gives it the value that it has here; may come more than once"
      ),
      Options.repeated,
      Options.filterMap(
        Option.liftPredicate((words: ReadonlyArray<string>) => words.every((word) => name.test(word))),
        "--env wants NAME=VALUE, or NAME for the value that it has here"
      )
    ),
    cwd: OptionValue.text("cwd", "dir", "Where it runs, made if missing; the home directory without this"),
    setup: OptionValue.text("setup", "line", "A line of shell that prepares each host: 'module load cuda'"),
    timeout: DurationOption.make("timeout", "End the program after so long, with exit code 124"),
    jobs: HostOptions.jobs("How many at a time: hosts with --on-all (64), commands on each host with --each (1)"),
    name: Options.text("name").pipe(
      Options.withDescription("Names the log: lazycluster logs --task NAME"),
      Options.withDefault("run")
    ),
    dryRun: Options.boolean("dry-run").pipe(Options.withDescription("Only say which host would run what"))
  },
  run: Run.run
})
