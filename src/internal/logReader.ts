/**
 * Reads a log in JSON back, with the files that were rotated away from it.
 *
 * @since 0.1.0
 */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { ExecutionLogError } from "../services/ExecutionLogError.ts"
import { Json, type LogEntry } from "../services/LogEntry.ts"
import { decodeText, wholeLines } from "./outputText.ts"

/** Characters. A line of output has 65,536 at most, each six in JSON if it must be. */
const longest = 1_048_576

const decode = Schema.decodeEither(Json)

/** The newest last. */
const filesOf = Effect.fnUntraced(function*(file: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const before = `${path.basename(file)}.`
  const numbers = (yield* fs.readDirectory(path.dirname(file)))
    .filter((name) => name.startsWith(before) && /^\d+$/.test(name.slice(before.length)))
    .map((name) => Number(name.slice(before.length)))
    .sort((a, b) => b - a)
  const newest = (yield* fs.exists(file)) ? [file] : []
  return [...numbers.map((number) => `${file}.${number}`), ...newest]
})

const unreadable = (file: string) => (error: PlatformError) =>
  new ExecutionLogError({
    reason: error._tag === "SystemError" && error.reason === "NotFound" ? "Missing" : "Unreadable",
    file,
    detail: error.message,
    cause: error
  })

const entries = (file: string): Stream.Stream<LogEntry, ExecutionLogError, FileSystem.FileSystem> => {
  const wrong = (number: number, detail: string) =>
    new ExecutionLogError({
      reason: "Syntax",
      file,
      detail: `line ${number}: ${detail}`,
      hint: "only logs of `format: \"json\"` can be read back"
    })
  const bytes = Stream.unwrap(Effect.map(FileSystem.FileSystem, (fs) => fs.stream(file)))
  return Stream.suspend(() => {
    let unfinished = ""
    let read = 0
    const entry = (line: string): Effect.Effect<LogEntry, ExecutionLogError> => {
      read++
      return line.length > longest
        ? wrong(read, `it has more than ${longest} characters`)
        : Either.mapLeft(decode(line), (error) => wrong(read, error.message))
    }
    return bytes.pipe(
      Stream.mapError(unreadable(file)),
      decodeText,
      Stream.mapEffect((text) => {
        const [lines, rest] = wholeLines(unfinished, text, longest)
        unfinished = rest
        return Effect.forEach(lines, entry)
      }),
      Stream.mapConcat((all) => all),
      // A manager that died in the middle of a line has left the beginning of one.
      Stream.concat(
        Stream.suspend(() =>
          Stream.fromChunk(Option.match(Either.getRight(decode(unfinished)), { onNone: Chunk.empty, onSome: Chunk.of }))
        )
      )
    )
  })
}

/** @internal */
export const read = (
  file: string
): Stream.Stream<LogEntry, ExecutionLogError, FileSystem.FileSystem | Path.Path> =>
  Stream.unwrap(
    Effect.map(Effect.mapError(filesOf(file), unreadable(file)), (files) =>
      files.length === 0
        ? Stream.fail(new ExecutionLogError({ reason: "Missing", file, detail: "there is no such file" }))
        : Stream.flatMap(Stream.fromIterable(files), entries))
  )
