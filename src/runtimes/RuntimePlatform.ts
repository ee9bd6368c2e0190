/**
 * The services of @effect/platform on a runtime.
 *
 * @since 0.1.0
 */
import type { CommandExecutor } from "@effect/platform/CommandExecutor"
import type { FileSystem } from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Layer from "effect/Layer"
import * as hostPath from "../internal/hostPath.ts"
import * as RemoteCommandExecutor from "../services/RemoteCommandExecutor.ts"
import * as RemoteFileSystem from "../services/RemoteFileSystem.ts"
import type { Runtime } from "./Runtime.ts"

/**
 * Commands, files and paths of the host: a program that was written for the local machine runs there, unchanged. Relative
 * paths start at the working directory; what is started belongs to the runtime, and ends with it.
 *
 * @since 0.1.0
 * @category layers
 * @example
 * import { Runtime, RuntimePlatform } from "lazycluster"
 * import { Command, FileSystem } from "@effect/platform"
 * import { Effect } from "effect"
 *
 * // Knows nothing of hosts.
 * const build = Effect.gen(function*() {
 *   const fs = yield* FileSystem.FileSystem
 *   yield* fs.writeFileString("hello.c", "int main() { return 7; }")
 *   return yield* Command.exitCode(Command.make("cc", "hello.c"))
 * })
 *
 * const there = Effect.gen(function*() {
 *   const runtime = yield* Runtime.make("host-1")
 *   return yield* build.pipe(Effect.provide(RuntimePlatform.layer(runtime)))
 * }).pipe(Effect.scoped)
 */
export const layer = (
  runtime: Runtime,
  options?: RemoteCommandExecutor.Options
): Layer.Layer<CommandExecutor | FileSystem | Path.Path> =>
  Layer.mergeAll(
    RemoteCommandExecutor.layer(runtime, options),
    RemoteFileSystem.layer({
      files: runtime.files,
      workingDirectory: runtime.workingDirectory,
      temporary: runtime.passing
    }),
    Layer.effect(Path.Path, hostPath.make(runtime.workingDirectory))
  )
