/**
 * Directories of a runtime's host.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as bounded from "../internal/bounded.ts"
import * as removal from "../internal/removal.ts"
import { quote } from "../internal/words.ts"
import { RuntimeError } from "../services/RuntimeError.ts"
import { SshError } from "../services/SshError.ts"
import type { Runtime } from "./Runtime.ts"

/** @internal */
export const create = (self: Runtime, path: string): Effect.Effect<string, SshError> => {
  const target = self.resolve(path)
  return Effect.flatMap(self.files, (files) => files.makeDirectory(target)).pipe(
    Effect.mapError((error) =>
      error.reason === "Transfer" && error.hint === undefined
        ? new SshError({
          ...error,
          hint: `may the user write there, and is no file in the way? see: ls -ld ${quote(target)}`
        })
        : error
    ),
    Effect.as(target)
  )
}

/** Gives how the removal ended, and what it complained of. */
const rm = (self: Runtime, path: string, kept: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const process = yield* self.exec({ argv: ["sh", "-c", removal.line, "sh", path, ...kept], cwd: "/" })
    yield* process.endInput
    const [, said] = yield* Effect.all([
      Stream.runDrain(process.stdout),
      Stream.runFold(Stream.decodeText(process.stderr), "", (all, text) => (all + text).slice(-2000))
    ], { concurrency: 2 })
    const { code } = yield* process.exit
    return { code, log: said.trim() === "" ? [] : said.trim().split("\n") }
  }).pipe(Effect.scoped)

/** @internal */
export const remove = Effect.fn("Runtime.removeDirectory")(function*(
  self: Runtime,
  path: string
): Effect.fn.Return<boolean, SshError | RuntimeError> {
  const target = self.resolve(path)
  const { code, log } = yield* rm(self, target, [self.facts.home, self.workingDirectory])
  if (code === 0) return true
  if (code === 3) return false
  return yield* new RuntimeError({
    reason: "Directory",
    host: self.host.alias,
    step: `remove ${target}`,
    ...(code === 4
      ? {
        detail: "the home or the working directory is in it, or it is the root",
        hint: "nothing was removed; name a directory below, or remove it by a command"
      }
      : { detail: `rm exited with ${code}`, log, hint: "may the user write there?" })
  })
})

/** @internal */
export const temporary = (
  self: Runtime,
  parent: string
): Effect.Effect<string, SshError, Scope.Scope> =>
  Effect.gen(function*() {
    const number = yield* Random.nextIntBetween(0, 2 ** 47)
    const path = `${parent}/tmp-${number.toString(36)}`
    const files = yield* self.files
    // What cannot be removed now goes with the runtime: its parent does.
    yield* Effect.addFinalizer(() => Effect.ignore(bounded.within(rm(self, path, []), "10 seconds")))
    yield* files.makeDirectory(path)
    yield* files.chmod(path, 0o700)
    return path
  })
