/**
 * What every transport does with files.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { SshError } from "../../services/SshError.ts"
import type { Case } from "../SshConformance.ts"
import { filesOf, holds, make, same, sameBytes } from "./conformanceCase.ts"
import * as Run from "./conformanceRun.ts"

const megabyte = 1024 * 1024

/** Around what requests of SFTP carry. */
const sizes = [0, 1, 32 * 1024, 255 * 1024, 256 * 1024, 256 * 1024 + 1, 3 * megabyte + 17]

/** Sorted as `list` sorts. */
const names = [
  " leading and trailing ",
  "-rf",
  "a\nnewline",
  `quotes ' " \``,
  "*?[a-z]",
  "$HOME",
  ".hidden",
  "back\\slash",
  "colon:and;semicolon",
  "tab\tand\u0001",
  "ü é 漢字 \u{1f600}",
  "%2F%00",
  "x".repeat(255)
].sort()

const text = (content: string) => Stream.make(Buffer.from(content))

const readText = (content: Stream.Stream<Uint8Array, SshError>) => Effect.map(Run.bytes(content), String)

/** @internal */
export const cases: ReadonlyArray<Case> = [
  make("a file of any size comes back as it was written, from any offset", [], (context) =>
    Effect.gen(function*() {
      const files = yield* filesOf(context)
      const folder = yield* context.folder
      for (const size of sizes) {
        const path = `${folder}/${size}`
        const written = Run.data(size)
        yield* files.write(path, Stream.fromIterable(Run.pieces(written, 100_000)))
        yield* sameBytes(`${size} bytes`, yield* Run.bytes(files.readAll(path)), written)
        const stat = Option.getOrUndefined(yield* files.stat(path))
        yield* same(`the stat of ${size} bytes`, [stat?.type, stat?.size], ["file", size])
        for (const offset of [1, 32 * 1024 - 1, 256 * 1024, size, size + 10]) {
          const rest = yield* Run.bytes(files.readAll(path, offset))
          yield* sameBytes(`${size} bytes from ${offset} on`, rest, written.subarray(offset))
        }
        const part = yield* files.read(path, 100, 50)
        yield* sameBytes(`50 bytes of ${size} from 100 on`, part, written.subarray(100, 150))
        yield* same(`a read behind ${size} bytes`, (yield* files.read(path, size, 10)).length, 0)
        yield* same(`no bytes of ${size}`, (yield* files.read(path, 0, 0)).length, 0)
      }
      const all = sizes.map(String).sort()
      yield* same("the names", yield* files.list(folder), all)
    })),

  make("a large file goes and comes while small ones do", [], (context) =>
    Effect.gen(function*() {
      const files = yield* filesOf(context)
      const folder = yield* context.folder
      const large = Run.data(20 * megabyte)
      const small = Array.from({ length: 30 }, (_, index) => `small ${index}`)
      yield* Effect.all([
        files.write(`${folder}/large`, Stream.fromIterable(Run.pieces(large, 65_536))),
        Effect.forEach(small, (name) => files.write(`${folder}/${name}`, text(name)), { concurrency: 10 })
      ], { concurrency: 2 })
      const [came, texts] = yield* Effect.all([
        Run.bytes(files.readAll(`${folder}/large`)),
        Effect.forEach(small, (name) => readText(files.readAll(`${folder}/${name}`)), { concurrency: 10 })
      ], { concurrency: 2 })
      yield* sameBytes("the large file", came, large)
      yield* same("the small ones", texts, small)
    })),

  make("a file has the mode that it is written with, whatever there was", [], (context) =>
    Effect.gen(function*() {
      const files = yield* filesOf(context)
      const path = `${yield* context.folder}/file`
      const look = Effect.map(
        files.stat(path),
        Option.match({
          onNone: () => "nothing",
          onSome: ({ mode, size }) => `${mode.toString(8)} ${size}`
        })
      )
      const modes = [undefined, 0o600, 0o755, 0o666, 0o400, 0o4711, undefined]
      for (const [index, mode] of modes.entries()) {
        yield* files.removeFile(path)
        yield* mode === undefined
          ? files.write(path, text("x".repeat(index)))
          : files.write(path, text("x".repeat(index)), mode)
        yield* same("mode and size", yield* look, `${(mode ?? 0o644).toString(8)} ${index}`)
      }
      yield* files.write(path, text("short"), 0o640)
      yield* same("mode and size, written over", yield* look, "640 5")
      yield* files.chmod(path, 0o700)
      yield* same("mode and size, changed", yield* look, "700 5")
      const seen = yield* Run.run(yield* context.connect, "look", path)
      yield* same("what a program sees", seen.stdout.trim(), "-rwx------")
    })),

  make(
    "a stat tells files, directories and links' ends apart, and when it was written",
    ["links"],
    (context) =>
      Effect.gen(function*() {
        const files = yield* filesOf(context)
        const folder = yield* context.folder
        const connection = yield* context.connect
        yield* files.write(`${folder}/file`, text("twelve bytes"))
        yield* Run.run(connection, "link", "file", `${folder}/link`)
        yield* Run.run(connection, "link", "nowhere", `${folder}/dangling`)
        yield* Run.run(connection, "link", folder, `${folder}/up`)
        const types = yield* Effect.forEach(["file", ".", "link", "dangling", "up", "up/link"], (name) =>
          Effect.map(
            files.stat(`${folder}/${name}`),
            Option.match({ onNone: () => "nothing", onSome: ({ type }) => type })
          ))
        yield* same("what there is", types, ["file", "directory", "file", "nothing", "directory", "file"])
        yield* same("what is read through a link", yield* readText(files.readAll(`${folder}/up/link`)), "twelve bytes")
      })
  ),

  make("a stat tells when a file was written, in seconds", [], (context) =>
    Effect.gen(function*() {
      const files = yield* filesOf(context)
      const folder = yield* context.folder
      yield* files.write(`${folder}/one`, text("1"))
      yield* files.write(`${folder}/two`, text("2"))
      const [one, two] = yield* Effect.forEach(["one", "two"], (name) =>
        Effect.map(files.stat(`${folder}/${name}`), (found) => Option.getOrUndefined(found)?.modified))
      yield* holds(
        "the times",
        Number.isInteger(one) && Number.isInteger(two) && (one ?? 0) <= (two ?? 0),
        "seconds, the second not before the first",
        [one, two]
      )
    })),

  make("names may hold all but a slash, and are listed in order", [], (context) =>
    Effect.gen(function*() {
      const files = yield* filesOf(context)
      const folder = `${yield* context.folder}/a b/ü`
      yield* files.makeDirectory(folder)
      yield* Effect.forEach(names, (name) => files.write(`${folder}/${name}`, text(name)), { discard: true })
      yield* same("the names", yield* files.list(folder), names)
      const back = yield* Effect.forEach(names, (name) => readText(files.readAll(`${folder}/${name}`)))
      yield* same("what is in them", back, names)
      yield* files.rename(`${folder}/a\nnewline`, `${folder}/another\nnewline`)
      yield* Effect.forEach(names, (name) => files.removeFile(`${folder}/${name}`), { discard: true })
      yield* same("what is left", yield* files.list(folder), ["another\nnewline"])
    })),

  make("a thousand names are listed", [], (context) =>
    Effect.gen(function*() {
      const files = yield* filesOf(context)
      const folder = yield* context.folder
      yield* Run.run(yield* context.connect, "many", folder, "1000")
      const expected = Array.from({ length: 1000 }, (_, index) => String(index)).sort()
      yield* same("the names", yield* files.list(folder), expected)
    })),

  make("a directory is made with its parents; one that is there is fine", [], (context) =>
    Effect.gen(function*() {
      const files = yield* filesOf(context)
      const folder = yield* context.folder
      yield* files.makeDirectory(`${folder}/a/b/c`)
      yield* files.makeDirectory(`${folder}/a/b/c`)
      yield* Effect.forEach(
        Array.from({ length: 10 }, (_, index) => `${folder}/many/${index % 3}/${index}`),
        files.makeDirectory,
        { concurrency: "unbounded", discard: true }
      )
      yield* same("what is made", yield* Effect.all([files.list(folder), files.list(`${folder}/many`)]), [
        ["a", "many"],
        ["0", "1", "2"]
      ])
      yield* same("an empty one", yield* files.list(`${folder}/a/b/c`), [])
      yield* same("the working directory of SFTP", Option.isSome(yield* files.stat(".")), true)
    })),

  make(
    "a rename replaces what is there, and moves a directory with all that is in it",
    [],
    (context) =>
      Effect.gen(function*() {
        const files = yield* filesOf(context)
        const folder = yield* context.folder
        yield* files.makeDirectory(`${folder}/from`)
        yield* files.write(`${folder}/from/one`, text("one"), 0o600)
        yield* files.write(`${folder}/two`, text("two, which is longer"))
        yield* files.rename(`${folder}/from/one`, `${folder}/two`)
        yield* same("the target", yield* readText(files.readAll(`${folder}/two`)), "one")
        yield* same("its mode", Option.getOrUndefined(yield* files.stat(`${folder}/two`))?.mode, 0o600)
        yield* files.write(`${folder}/from/three`, text("three"))
        yield* files.rename(`${folder}/from`, `${folder}/to`)
        yield* same("the directory", yield* files.list(folder), ["to", "two"])
        yield* same("what is in it", yield* readText(files.readAll(`${folder}/to/three`)), "three")
      })
  ),

  make("a file is removed; one that is not there is fine", [], (context) =>
    Effect.gen(function*() {
      const files = yield* filesOf(context)
      const folder = yield* context.folder
      yield* files.write(`${folder}/file`, text("x"))
      for (const path of [`${folder}/file`, `${folder}/file`, `${folder}/nowhere/file`]) yield* files.removeFile(path)
      const stats = yield* Effect.forEach(["file", "nowhere/file"], (name) => files.stat(`${folder}/${name}`))
      yield* same("what is there", stats.map(Option.isSome), [false, false])
    })),

  make(
    "users of a host share its files, and a stream that is left early costs none of them",
    [],
    (context) =>
      Effect.gen(function*() {
        const connection = yield* context.connect
        const [one, two] = [yield* connection.files, yield* connection.files]
        const path = `${yield* context.folder}/file`
        const written = Run.data(megabyte)
        yield* one.write(path, Stream.make(written))
        for (let round = 0; round < 60; round++) {
          yield* Stream.runDrain(Stream.take(one.readAll(path), 1))
          yield* Effect.timeoutOption(
            two.write(`${path}.${round % 3}`, Stream.concat(text("x"), Stream.never)),
            round % 5
          )
        }
        yield* sameBytes("the file", yield* Run.bytes(two.readAll(path)), written)
      })
  )
]
