/**
 * The options of every cluster that `up` starts.
 *
 * @since 0.1.0
 */
import * as Options from "@effect/cli/Options"
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Launcher from "../clusters/Launcher.ts"
import type * as Runtime from "../runtimes/Runtime.ts"
import type { PythonEnvironmentError } from "../services/PythonEnvironment.ts"
import * as Requirements from "../services/Requirements.ts"
import * as ClusterOptions from "./ClusterOptions.ts"
import * as OptionValue from "./OptionValue.ts"

/**
 * What the command line says of any cluster.
 *
 * @since 0.1.0
 * @category models
 */
export interface Asked {
  readonly workers: number | undefined
  readonly perHost: number | undefined
  readonly perGpu: boolean
  readonly masterOn: string | undefined
  readonly pythonEnv: string | undefined
  readonly packages: ReadonlyArray<string>
  readonly python: string | undefined
  readonly lease: Duration.Duration | undefined
}

/**
 * The same in the words of the library: these are fields of the options of `DaskCluster.make` as of `HyperoptCluster.make`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Wanted {
  readonly workers: number | undefined
  readonly launcher: Launcher.Launcher | undefined
  /** All packages, from a lock with hashes. */
  readonly packages: Requirements.Requirements | undefined
  /** Packages beside those of the engine. */
  readonly extraPackages: Requirements.Requirements | undefined
  readonly python: string | undefined
  readonly manager: Runtime.Options
}

/**
 * The options of every engine.
 *
 * @since 0.1.0
 * @category options
 */
export const options: Options.Options<Asked> = Options.all({
  workers: ClusterOptions.workers,
  perHost: OptionValue.count("per-host", "So many workers on each host"),
  perGpu: Options.boolean("per-gpu").pipe(Options.withDescription("A worker for each GPU, which no other sees")),
  masterOn: OptionValue.text(
    "master-on",
    "host",
    "The host of the scheduler, or of the database; this machine without this"
  ),
  pythonEnv: OptionValue.orUndefined(
    Options.file("python-env").pipe(
      Options.withDescription("Packages for all hosts: requirements.txt with versions, or a lock (pylock.toml)")
    )
  ),
  packages: Options.repeated(
    Options.text("package").pipe(
      Options.withPseudoName("name==version"),
      Options.withDescription("One more package for all hosts; may come more than once")
    )
  ),
  python: OptionValue.text(
    "python",
    "path",
    "An interpreter that is on all machines, with the packages: then none is made"
  ),
  lease: ClusterOptions.lease
}).pipe(
  Options.filterMap(
    Option.liftPredicate(({ perGpu, perHost, workers }) =>
      [workers !== undefined, perHost !== undefined, perGpu].filter(Boolean).length < 2
    ),
    "--workers, --per-host and --per-gpu exclude one another"
  )
)

const launcherOf = ({ masterOn, perGpu, perHost }: Asked): Launcher.Launcher | undefined => {
  const workers = perGpu ? Launcher.byGpus(1) : perHost === undefined ? undefined : Launcher.perHost(perHost)
  return masterOn === undefined ? workers : Launcher.masterOn(masterOn, workers)
}

const isLock = (packages: Requirements.Requirements): boolean => packages.some((line) => line.includes("--hash="))

/**
 * Reads the files that the command line names. Fails with `PythonEnvironmentError`, reason `Requirements`.
 *
 * @since 0.1.0
 * @category execution
 */
export const resolve = (asked: Asked): Effect.Effect<Wanted, PythonEnvironmentError, FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const { lease, pythonEnv, python, workers } = asked
    const own = yield* Requirements.fromText(asked.packages.join("\n"), "--package")
    const file = pythonEnv === undefined ? [] : yield* Requirements.fromFile(pythonEnv)
    const locked = isLock(file)
    const extra = Requirements.merge(locked ? [] : file, own)
    return {
      workers,
      launcher: launcherOf(asked),
      // What a lock has hashes of is all there is: the engine's own packages have none.
      packages: locked ? file : undefined,
      extraPackages: extra.length === 0 ? undefined : extra,
      python,
      manager: { lease }
    }
  })
