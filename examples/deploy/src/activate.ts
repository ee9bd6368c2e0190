/**
 * Puts a release into use, on the machine whose services are provided. Nothing here knows of SSH: it is a program for
 * @effect/platform, and would run on this machine as well.
 */
import { Command, FileSystem } from "@effect/platform"
import { Effect, Exit, Option, Stream } from "effect"
import { DeployError } from "./DeployError.ts"
import type { Release } from "./Release.ts"

/** Nobody sees a moment without `current`: the new link takes the place of the old one. */
const point = (target: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    yield* fs.remove("current.new", { force: true })
    yield* fs.symlink(target, "current.new")
    yield* fs.rename("current.new", "current")
  })

const textOf = <E, R>(stream: Stream.Stream<Uint8Array, E, R>) => stream.pipe(Stream.decodeText(), Stream.mkString)

const check = (host: string, { directory, version }: Release) =>
  Effect.gen(function*() {
    const process = yield* Command.start(Command.make("./check").pipe(Command.workingDirectory(directory)))
    const [exitCode, stdout, stderr] = yield* Effect.all(
      [process.exitCode, textOf(process.stdout), textOf(process.stderr)],
      { concurrency: "unbounded" }
    )
    if (exitCode !== 0) return yield* new DeployError({ host, version, exitCode, output: stdout + stderr })
  }).pipe(Effect.scoped)

/** Points `current` at the release and checks that it works. If the scope closes with a failure, all is as it was. */
export const activate = (host: string, release: Release) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    yield* Effect.acquireRelease(
      Effect.tap(Effect.option(fs.readLink("current")), () => point(release.directory)),
      (before, exit) =>
        Exit.isSuccess(exit) ? Effect.void : Effect.ignoreLogged(
          Option.match(before, { onNone: () => fs.remove("current"), onSome: point })
        )
    )
    yield* check(host, release)
  })
