/** What goes by itself, and what is watched. */
import type { PlatformError } from "@effect/platform/Error"
import { type FileSystem, Size } from "@effect/platform/FileSystem"
import { Path } from "@effect/platform/Path"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Case } from "./fileCase.ts"
import { of } from "./fileCaseOf.ts"

export const temporary: ReadonlyArray<Case> = [
  of("temporary directories are new, for the user alone, and have their prefix", (fs, at) =>
    Effect.gen(function*() {
      const [one, two] = yield* Effect.all([
        fs.makeTempDirectory({ directory: at(""), prefix: "pre-" }),
        fs.makeTempDirectory({ directory: at(""), prefix: "pre-" })
      ])
      assert.notStrictEqual(one, two)
      assert.isTrue(one.startsWith(at("pre-")))
      assert.strictEqual((yield* fs.stat(one)).mode & 0o7777, 0o700)
    })),
  of("scoped ones go with their scope, with all that is in them", (fs) =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const directory = yield* Scope.extend(fs.makeTempDirectoryScoped(), scope)
      const file = yield* Scope.extend(fs.makeTempFileScoped({ suffix: ".txt" }), scope)
      yield* fs.makeDirectory(`${directory}/a/b`, { recursive: true })
      yield* fs.writeFileString(`${directory}/a/b/c`, "")
      assert.strictEqual((yield* fs.stat(file)).size, Size(0))
      assert.isTrue(file.endsWith(".txt"))
      yield* Scope.close(scope, Exit.void)
      assert.isFalse(yield* fs.exists(directory))
      assert.isFalse(yield* fs.exists(file))
      assert.isFalse(yield* fs.exists(file.slice(0, file.lastIndexOf("/"))))
    })),
  of("temporary files are alone in a directory", (fs, at) =>
    Effect.gen(function*() {
      const path = yield* Path
      const file = yield* fs.makeTempFile({ directory: at(""), prefix: "x" })
      assert.isTrue(path.dirname(file).startsWith(at("x")))
      assert.deepStrictEqual(yield* fs.readDirectory(path.dirname(file)), [path.basename(file)])
    }))
]

/** Does it again until an event of the kind has come. */
const watched = (
  name: string,
  prepare: (fs: FileSystem, at: (name: string) => string) => Effect.Effect<unknown, PlatformError>,
  watch: (
    fs: FileSystem,
    at: (name: string) => string
  ) => Stream.Stream<{ readonly _tag: string; readonly path: string }, PlatformError>,
  act: (fs: FileSystem, at: (name: string) => string, turn: number) => Effect.Effect<unknown, PlatformError>,
  expected: RegExp,
  more: Omit<Case, "name" | "run"> = {}
): Case =>
  of(name, (fs, at) =>
    Effect.gen(function*() {
      yield* prepare(fs, at)
      let turn = 0
      const again = Effect.suspend(() => act(fs, at, turn += 1))
      const seen: Array<string> = []
      const found = watch(fs, at).pipe(
        Stream.map(({ _tag, path }) => `${_tag} ${path}`),
        Stream.tap((event) => Effect.sync(() => seen.push(event))),
        Stream.filter((event) => expected.test(event)),
        Stream.runHead
      )
      const first = yield* Effect.raceFirst(
        Effect.timeoutFail(found, { duration: "10 seconds", onTimeout: () => `only ${seen.join(", ")}` }),
        Effect.zipRight(Effect.repeat(again, Schedule.spaced("300 millis")), Effect.never)
      )
      assert.isTrue(Option.isSome(first))
    }), more)

export const watches: ReadonlyArray<Case> = [
  watched(
    "watches a directory: what comes",
    () => Effect.void,
    (fs, at) => fs.watch(at("")),
    (fs, at, turn) => fs.writeFileString(at(`new${turn}`), ""),
    /^Create new\d+$/,
    { differs: { node: "asks for the name in its own working directory, and finds nothing there" } }
  ),
  watched(
    "watches a directory: what changes",
    (fs, at) => fs.writeFileString(at("file"), ""),
    (fs, at) => fs.watch(at("")),
    (fs, at, turn) => fs.writeFileString(at("file"), "x".repeat(turn)),
    /^Update file$/
  ),
  watched(
    "watches a directory: what goes",
    (fs, at) => Effect.forEach(Array.from({ length: 50 }), (_, index) => fs.writeFileString(at(`old${index}`), "")),
    (fs, at) => fs.watch(at("")),
    (fs, at, turn) => fs.remove(at(`old${turn}`), { force: true }),
    /^Remove old\d+$/
  ),
  watched(
    "watches directories below",
    (fs, at) => fs.makeDirectory(at("a/b"), { recursive: true }),
    (fs, at) => fs.watch(at(""), { recursive: true }),
    (fs, at, turn) => fs.writeFileString(at(`a/b/file`), "x".repeat(turn)),
    /^(Create|Update) a\/b\/file$/
  ),
  watched(
    "watches a file",
    (fs, at) => fs.writeFileString(at("file"), ""),
    (fs, at) => fs.watch(at("file")),
    (fs, at, turn) => fs.writeFileString(at("file"), "x".repeat(turn)),
    /^Update file$/
  )
]
