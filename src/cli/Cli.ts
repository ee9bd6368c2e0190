/**
 * The commands: parse, call the library, render.
 *
 * @since 0.1.0
 */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Console from "effect/Console"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { packageVersion } from "../internal/packageVersion.ts"
import * as terminal from "../internal/terminal.ts"
import * as Demo from "./Demo.ts"

const hosts = Options.text("hosts").pipe(
  Options.filterMap(
    (text) =>
      Option.liftPredicate(text.split(",").map((name) => name.trim()), (names) => names.every((name) => name !== "")),
    "--hosts wants names with commas between them: --hosts a,b,c"
  ),
  Options.withPseudoName("a,b,c"),
  Options.withDescription("Aliases of your ssh config, instead of three hosts inside this process"),
  Options.optional
)

const workers = Options.integer("workers").pipe(
  Options.filterMap(Option.liftPredicate((count) => count > 0), "--workers wants a number above 0"),
  Options.withDescription("How many workers, dealt out round robin; one a host without this"),
  Options.optional
)

/** At least what a guardian needs to tell a manager that is slow from one that is gone. */
const shortestLease = Duration.seconds(2)

const readDuration = Option.liftThrowable((text: string) => Duration.decodeUnknown(text))

const lease = Options.text("lease").pipe(
  Options.filterMap(
    (text) =>
      readDuration(/^\d+(\.\d+)?$/.test(text) ? `${text} seconds` : text).pipe(
        Option.flatten,
        Option.filter(Duration.greaterThanOrEqualTo(shortestLease))
      ),
    "--lease wants seconds, or words such as \"2 minutes\"; 2 seconds at least"
  ),
  Options.withPseudoName("duration"),
  Options.withDescription(
    "How long the hosts wait for this process when it is gone before they end everything; 30 seconds without this"
  ),
  Options.optional
)

const keep = Options.boolean("keep").pipe(Options.withDescription("Leave the cluster up until Ctrl-C"))

const acceptNew = Options.boolean("accept-new").pipe(
  Options.withDescription(
    "Take and note the keys of hosts that are not in known_hosts; a changed key is always refused"
  )
)

const plan = Options.all({
  plan: Options.boolean("plan").pipe(
    Options.withDescription("Only say what would run where; nothing of the cluster starts")
  ),
  json: Options.boolean("json").pipe(Options.withDescription("The plan as JSON"))
}).pipe(
  Options.filterMap(
    ({ json, plan }): Option.Option<"tree" | "json" | undefined> =>
      plan ? Option.some(json ? "json" : "tree") : json ? Option.none() : Option.some(undefined),
    "--json goes with --plan"
  )
)

const demo = Command.make("demo", { hosts, keep, workers, lease, acceptNew, plan }, (options) =>
  Demo.run({
    hosts: Option.getOrUndefined(options.hosts),
    keep: options.keep,
    workers: Option.getOrUndefined(options.workers),
    lease: Option.getOrUndefined(options.lease),
    acceptNew: options.acceptNew,
    plan: options.plan
  })).pipe(
    Command.withDescription(
      "Start a Dask cluster on SSH hosts, run an example on it, and take everything away again. Without options the hosts are real SSH servers inside this process."
    )
  )

/**
 * All commands.
 *
 * @since 0.1.0
 * @category constructors
 */
export const command = Command.make("lazycluster").pipe(
  Command.withDescription("Clusters on plain SSH hosts: nothing to install there by hand, nothing left behind"),
  Command.withSubcommands([demo])
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
 * Runs a command line. It fails with the command's error, or with a `ValidationError` that has been printed already.
 *
 * @since 0.1.0
 * @category execution
 */
export const run = (words: ReadonlyArray<string>) =>
  Effect.flatMap(plainWhereNobodyLooks, (console) => Effect.withConsole(cli(words), console))
