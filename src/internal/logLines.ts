/**
 * The lines of execution logs, as text or JSON, from anywhere in a file.
 *
 * @since 0.1.0
 */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { Line, LogFile } from "../services/ExecutionLogs.ts"
import { Json, type LogEntry, render } from "../services/LogEntry.ts"
import { decodeText, wholeLines, withoutEnd } from "./outputText.ts"

/** Characters: a line of output has 65,536 at most, each six in JSON if it must be. */
const longest = 1_048_576

const decode = Schema.decodeEither(Json)

const ofEntry = (log: LogFile, entry: LogEntry): ReadonlyArray<Line> =>
  withoutEnd(render(entry)).split("\n").map((text) => ({
    host: entry.host,
    task: entry.task,
    file: log.file,
    time: entry.time,
    from: entry._tag === "Output" ? entry.from : undefined,
    text
  }))

/** A line that a crash has cut short is no entry. */
const parse = (log: LogFile, line: string): ReadonlyArray<Line> =>
  log.format === "json"
    ? Either.match(decode(line), { onLeft: () => [], onRight: (entry) => ofEntry(log, entry) })
    : [{ host: log.host, task: log.task, file: log.file, time: undefined, from: undefined, text: withoutEnd(line) }]

/**
 * The lines between two places of a file. One that is whole nowhere before the second is left out, unless it is asked for.
 *
 * @internal
 */
export const between = (
  log: LogFile,
  path: string,
  from: number,
  to: number
): Stream.Stream<Line, PlatformError, FileSystem.FileSystem> =>
  Stream.unwrap(
    Effect.map(FileSystem.FileSystem, (fs) => fs.stream(path, { offset: from, bytesToRead: to - from }))
  ).pipe(
    decodeText,
    Stream.mapAccum("", (unfinished, text) => {
      const [lines, rest] = wholeLines(unfinished, text, longest)
      return [rest, lines]
    }),
    Stream.mapConcat((lines) => lines.flatMap((line) => parse(log, line)))
  )

/** Much more than what people ask for, much less than a log may have. */
const end = 1_048_576

/**
 * The last lines of a file that has so many bytes.
 *
 * @internal
 */
export const last = Effect.fnUntraced(function*(
  log: LogFile,
  path: string,
  size: number,
  count: number
): Effect.fn.Return<ReadonlyArray<Line>, PlatformError, FileSystem.FileSystem> {
  const from = (offset: number) =>
    Effect.map(Stream.runCollect(Stream.takeRight(between(log, path, offset, size), count)), Chunk.toReadonlyArray)
  if (size <= end) return yield* from(0)
  const some = yield* from(size - end)
  // The first of them may have begun before.
  return some.length >= count ? some : yield* from(0)
})
