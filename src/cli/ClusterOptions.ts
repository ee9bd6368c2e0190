/**
 * The options of every command that starts a cluster.
 *
 * @since 0.1.0
 */
import * as Options from "@effect/cli/Options"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as OptionValue from "./OptionValue.ts"

/**
 * How many workers.
 *
 * @since 0.1.0
 * @category options
 */
export const workers: Options.Options<number | undefined> = Options.integer("workers").pipe(
  Options.filterMap(Option.liftPredicate((count) => count > 0), "--workers wants a number above 0"),
  Options.withDescription("How many workers, dealt out round robin; one a host without this"),
  OptionValue.orUndefined
)

/** At least what a guardian needs to tell a manager that is slow from one that is gone. */
const shortestLease = Duration.seconds(2)

const readDuration = Option.liftThrowable((text: string) => Duration.decodeUnknown(text))

/**
 * How long hosts wait for this process.
 *
 * @since 0.1.0
 * @category options
 */
export const lease: Options.Options<Duration.Duration | undefined> = Options.text("lease").pipe(
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
  OptionValue.orUndefined
)

/**
 * Only say what would happen.
 *
 * @since 0.1.0
 * @category options
 */
export const plan: Options.Options<boolean> = Options.boolean("plan").pipe(
  Options.withAlias("dry-run"),
  Options.withDescription("Only say what would run where; nothing of the cluster starts")
)
