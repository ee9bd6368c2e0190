/**
 * Where the logs of commands lie on this machine.
 *
 * @since 0.1.0
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as ExecutionLog from "../services/ExecutionLog.ts"

/** What programs of the library write to where nothing else was said. */
const ofProject = "lazycluster"

const variable = (name: string) =>
  Effect.map(Effect.orDie(Config.option(Config.string(name))), Option.filter((text) => text !== ""))

/**
 * The main directory of the execution log: what `LAZYCLUSTER_DIRECTORY` says, else `./lazycluster` where programs of the library
 * have made it, else one among the states of the user, so that commands litter no folder. Nothing is made.
 *
 * @since 0.1.0
 * @category accessors
 */
export const directory: Effect.Effect<string, never, FileSystem.FileSystem | Path.Path> = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const named = yield* variable("LAZYCLUSTER_DIRECTORY")
  if (Option.isSome(named)) return path.resolve(named.value)
  const here = path.resolve(ofProject)
  const isProject = yield* Effect.orElseSucceed(fs.exists(path.join(here, "execution_log")), () => false)
  if (isProject) return here
  const state = yield* variable("XDG_STATE_HOME")
  const home = Option.getOrElse(yield* variable("HOME"), () => ".")
  // Not in the folder `lazycluster` beside it: whatever lies there belongs to a guardian.
  return path.join(Option.getOrElse(state, () => path.join(home, ".local", "state")), "lazycluster-logs")
})

/** Much of an endless program is kept, not all. */
const rotate = { bytes: 64 * 1024 * 1024, files: 4 }

/**
 * The execution log of a command. Its entries have times, so `logs --since` finds them.
 *
 * @since 0.1.0
 * @category constructors
 */
export const options = (
  live?: ExecutionLog.Options["live"]
): Effect.Effect<ExecutionLog.Options, never, FileSystem.FileSystem | Path.Path> =>
  Effect.map(directory, (directory) => ({ directory, format: "json", rotate, live }))
