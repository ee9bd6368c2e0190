/**
 * What every transport says of files that cannot be had.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Files } from "../../services/SshConnection.ts"
import type { SshError } from "../../services/SshError.ts"
import type { Case } from "../SshConformance.ts"
import { type Body, type Context, fails, filesOf, make, same } from "./conformanceCase.ts"
import * as Run from "./conformanceRun.ts"

const text = (content: string) => Stream.make(Buffer.from(content))

type Calls = Readonly<Record<string, (files: Files, path: string) => Effect.Effect<unknown, SshError>>>

/** Each fails so, names its path, and leaves the session to the next. */
const each = (context: Context, path: string, calls: Calls, said?: string): Body =>
  Effect.gen(function*() {
    const files = yield* filesOf(context)
    for (const [name, call] of Object.entries(calls)) {
      const error = yield* fails(name, call(files, path), { host: context.host, reason: "Transfer", names: path })
      if (said !== undefined) {
        yield* same(`${name}: whether the detail says "${said}"`, error.detail.toLowerCase().includes(said), true)
      }
    }
  })

const reading: Calls = {
  list: (files, path) => files.list(path),
  read: (files, path) => files.read(path, 0, 1),
  readAll: (files, path) => Stream.runDrain(files.readAll(path))
}

/** @internal */
export const cases: ReadonlyArray<Case> = [
  make(
    "what is not there cannot be read, written, changed or moved, and the error says so",
    [],
    (context) =>
      Effect.gen(function*() {
        const folder = yield* context.folder
        yield* each(context, `${folder}/nowhere/x`, {
          ...reading,
          write: (files, path) => files.write(path, text("x")),
          chmod: (files, path) => files.chmod(path, 0o600),
          rename: (files, path) => files.rename(path, `${folder}/other`)
        }, "no such file")
        const files = yield* filesOf(context)
        yield* files.write(`${folder}/file`, text("x"))
        yield* each(context, `${folder}/nowhere/x`, {
          "rename to it": (files, path) => files.rename(`${folder}/file`, path)
        })
        yield* same("what is there at the end", yield* files.list(folder), ["file"])
      })
  ),

  make("a directory is no file to read, write, remove or replace", [], (context) =>
    Effect.gen(function*() {
      const folder = yield* context.folder
      const files = yield* filesOf(context)
      yield* files.makeDirectory(`${folder}/directory/inner`)
      yield* files.write(`${folder}/file`, text("x"))
      yield* each(context, `${folder}/directory`, {
        read: (files, path) => files.read(path, 0, 1),
        readAll: (files, path) => Stream.runDrain(files.readAll(path)),
        write: (files, path) => files.write(path, text("x")),
        removeFile: (files, path) => files.removeFile(path),
        "rename over it": (files, path) => files.rename(`${folder}/file`, path)
      })
      yield* same("what is there at the end", yield* files.list(folder), ["directory", "file"])
    })),

  make("a file is no directory to list or to write below", [], (context) =>
    Effect.gen(function*() {
      const folder = yield* context.folder
      const files = yield* filesOf(context)
      yield* files.write(`${folder}/file`, text("x"))
      yield* each(context, `${folder}/file`, {
        list: (files, path) => files.list(path),
        makeDirectory: (files, path) => files.makeDirectory(path),
        "makeDirectory below": (files, path) => files.makeDirectory(`${path}/below`),
        "write below": (files, path) => files.write(`${path}/below`, text("x"))
      })
      yield* same("what is below it", Option.isNone(yield* files.stat(`${folder}/file/below`)), true)
      yield* files.removeFile(`${folder}/file/below`)
    })),

  make("the error of what is written is its writer's own", [], (context) =>
    Effect.gen(function*() {
      const files = yield* filesOf(context)
      const folder = yield* context.folder
      const came = yield* Effect.either(
        files.write(`${folder}/file`, Stream.concat(text("half"), Stream.fail("mine" as const)))
      )
      yield* same("the error", came, Either.left("mine"))
      yield* files.write(`${folder}/file`, text("whole"))
      yield* same("what is written then", (yield* Run.bytes(files.readAll(`${folder}/file`))).toString(), "whole")
      yield* same("what is there at the end", yield* files.list(folder), ["file"])
    })),

  make("a write that fails leaves the old file", ["wholeWrites"], (context) =>
    Effect.gen(function*() {
      const files = yield* filesOf(context)
      const folder = yield* context.folder
      yield* files.write(`${folder}/file`, text("old"))
      yield* Effect.ignore(files.write(`${folder}/file`, Stream.concat(text("half"), Stream.fail("mine" as const))))
      yield* same("the file", (yield* Run.bytes(files.readAll(`${folder}/file`))).toString(), "old")
      yield* same("what is there at the end", yield* files.list(folder), ["file"])
    }))
]
