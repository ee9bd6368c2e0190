/**
 * The options of commands that copy.
 *
 * @since 0.1.0
 */
import * as Options from "@effect/cli/Options"
import type * as FileTransfer from "../services/FileTransfer.ts"
import * as HostOptions from "./HostOptions.ts"

/**
 * What belongs to a copy, and how many hosts have it at a time.
 *
 * @since 0.1.0
 * @category models
 */
export interface TransferOptions {
  readonly exclude: ReadonlyArray<string>
  readonly gitignore: boolean
  readonly follow: boolean
  readonly checksum: boolean
  readonly jobs: number | undefined
  readonly dryRun: boolean
}

/**
 * The same as options.
 *
 * @since 0.1.0
 * @category options
 */
export const options: Options.Options<TransferOptions> = Options.all({
  exclude: Options.text("exclude").pipe(
    Options.withPseudoName("pattern"),
    Options.withDescription(
      "Leave out what it matches, as in a .gitignore file: '*.tmp', /cache/; may come more than once"
    ),
    Options.repeated
  ),
  gitignore: Options.boolean("gitignore").pipe(
    Options.withDescription("Leave out what .gitignore files of the source say")
  ),
  follow: Options.boolean("follow").pipe(Options.withDescription("Copy what links point at, in place of the links")),
  checksum: Options.boolean("checksum").pipe(
    Options.withDescription("Compare contents of all files; else those of the same size and time count as unchanged")
  ),
  jobs: HostOptions.jobs("How many hosts at a time; 64 without this"),
  dryRun: Options.boolean("dry-run").pipe(Options.withDescription("Only say what would be copied"))
})

/**
 * For the library.
 *
 * @since 0.1.0
 * @category conversions
 */
export const selection = (
  { checksum, exclude, follow, gitignore }: Omit<TransferOptions, "jobs" | "dryRun">
): FileTransfer.Selection => ({
  exclude,
  gitignore,
  links: follow ? "follow" : "keep",
  compare: checksum ? "hash" : "times"
})
