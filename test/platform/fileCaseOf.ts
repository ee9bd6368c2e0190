/** How cases of the suite over files are written. */
import type { PlatformError } from "@effect/platform/Error"
import { FileSystem } from "@effect/platform/FileSystem"
import { type Path } from "@effect/platform/Path"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type { Case } from "./fileCase.ts"

/** Reason, method, and the path from the case's directory on. */
export const told = (error: PlatformError, here: string): string =>
  error._tag === "BadArgument"
    ? `BadArgument ${error.method}`
    : `${error.reason} ${error.method} ${String(error.pathOrDescriptor).replace(`${here}/`, "")}`

export const bytes = (text: string) => new TextEncoder().encode(text)
export const text = (content: Uint8Array) => new TextDecoder().decode(content)

/** A case over the file system, with paths from its directory on. */
export const of = (
  name: string,
  run: (
    fs: FileSystem,
    at: (name: string) => string,
    refused: <A, R>(effect: Effect.Effect<A, PlatformError, R>) => Effect.Effect<string, A, R>
  ) => Effect.Effect<void, unknown, Scope.Scope | Path>,
  more: Omit<Case, "name" | "run"> = {}
): Case => ({
  name,
  run: (here) =>
    Effect.flatMap(FileSystem, (fs) =>
      run(
        fs,
        (name) => name === "" ? here : `${here}/${name}`,
        (effect) => Effect.map(Effect.flip(effect), (error) => told(error, here))
      )),
  ...more
})

/** Fails with these, each as `told` tells it. */
export const fails = (
  name: string,
  prepare: (fs: FileSystem, at: (name: string) => string) => Effect.Effect<unknown, PlatformError>,
  expected: Record<
    string,
    (fs: FileSystem, at: (name: string) => string) => Effect.Effect<unknown, PlatformError, Scope.Scope>
  >,
  more: Omit<Case, "name" | "run"> = {}
): ReadonlyArray<Case> =>
  Object.entries(expected).map(([error, act], index) =>
    of(`${name}: ${error}`, (fs, at, refused) =>
      Effect.gen(function*() {
        yield* prepare(fs, at)
        assert.strictEqual(yield* refused(act(fs, at)), error.replace(/ #.*/, ""))
        void index
      }), more)
  )

export const sample = (fs: FileSystem, at: (name: string) => string) =>
  Effect.gen(function*() {
    yield* fs.makeDirectory(at("full/deep"), { recursive: true })
    yield* fs.makeDirectory(at("empty"))
    yield* fs.writeFileString(at("file"), "content")
    yield* fs.writeFileString(at("full/inner"), "inner")
    yield* fs.writeFileString(at("full/deep/ünïcode"), "deep")
    yield* fs.symlink("file", at("link"))
    yield* fs.symlink("full", at("way"))
    yield* fs.symlink("nowhere", at("dangling"))
    yield* fs.symlink("round", at("round"))
  })

/** What is there: names from the directory on, each with its kind and content. Links are not followed. */
export const tree = (
  fs: FileSystem,
  root: string,
  below = ""
): Effect.Effect<ReadonlyArray<string>, PlatformError> =>
  Effect.gen(function*() {
    const names = (yield* fs.readDirectory(`${root}/${below}`)).sort()
    const lines = yield* Effect.forEach(names, (last) =>
      Effect.gen(function*() {
        const name = `${below}${last}`
        const path = `${root}/${name}`
        const link = yield* Effect.option(fs.readLink(path))
        if (Option.isSome(link)) return [`${name} -> ${link.value}`]
        const { mode, type } = yield* fs.stat(path)
        const shown = `${name} ${type} ${(mode & 0o7777).toString(8)}`
        return type === "File"
          ? [`${shown} ${yield* Effect.orElseSucceed(fs.readFileString(path), () => "?")}`]
          : [shown, ...(yield* tree(fs, root, `${name}/`))]
      }))
    return lines.flat()
  })
