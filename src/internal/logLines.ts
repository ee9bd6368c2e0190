/**
 * The lines of execution logs, as text or JSON, from anywhere in a file.
 *
 * @since 0.1.0
 */
import type { PlatformError } from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { Line, LogFile } from "../services/ExecutionLogs.ts"
import { Json, type LogEntry, render } from "../services/LogEntry.ts"
import * as LogPart from "./logPart.ts"
import { wholeLines, withoutEnd } from "./outputText.ts"

/** Bytes: a line of output has 65,536 characters at most, each six bytes in JSON if it must be. */
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
 * Whole lines, and the place in the file behind them.
 *
 * @internal
 */
export interface Whole {
  readonly lines: ReadonlyArray<Line>
  readonly end: number
}

const newline = 0x0a

const decoder = new TextDecoder("utf-8", { ignoreBOM: true })

/**
 * The lines between two places of a file. One that is whole nowhere before the second is left out.
 *
 * @internal
 */
export const between = (
  log: LogFile,
  part: LogPart.Part,
  from: number,
  to: number
): Stream.Stream<Whole, PlatformError, FileSystem.FileSystem> =>
  LogPart.bytes(part, from, to).pipe(
    Stream.mapAccum({ unfinished: Buffer.alloc(0), end: from }, ({ end, unfinished }, bytes) => {
      const all = Buffer.concat([unfinished, bytes])
      const whole = all.lastIndexOf(newline) + 1 || (all.length > longest ? all.length : 0)
      const now = { unfinished: all.subarray(whole), end: end + whole }
      return [now, { text: decoder.decode(all.subarray(0, whole)), end: now.end }]
    }),
    Stream.filter(({ text }) => text !== ""),
    Stream.map(({ end, text }) => ({ lines: wholeLines("", text, 0)[0].flatMap((line) => parse(log, line)), end }))
  )

/**
 * Where the line begins that goes over a place.
 *
 * @internal
 */
export const begin = (
  part: LogPart.Part,
  place: number
): Effect.Effect<number, PlatformError, FileSystem.FileSystem> => {
  const from = Math.max(0, place - end)
  return Stream.runFold(
    LogPart.bytes(part, from, place),
    { at: from, begin: from === 0 ? 0 : place },
    ({ at, begin }, bytes) => {
      const last = bytes.lastIndexOf(newline)
      return { at: at + bytes.length, begin: last === -1 ? begin : at + last + 1 }
    }
  ).pipe(Effect.map(({ begin }) => begin))
}

/** Much more than what people ask for, much less than a log may have. */
const end = 1_048_576

/**
 * The last lines of a file.
 *
 * @internal
 */
export const last = Effect.fnUntraced(function*(
  log: LogFile,
  part: LogPart.Part,
  count: number
): Effect.fn.Return<ReadonlyArray<Line>, PlatformError, FileSystem.FileSystem> {
  const { size } = part
  const from = (offset: number) =>
    between(log, part, offset, size).pipe(
      Stream.mapConcat(({ lines }) => lines),
      Stream.takeRight(count),
      Stream.runCollect,
      Effect.map(Chunk.toReadonlyArray)
    )
  if (size <= end) return yield* from(0)
  const some = yield* from(size - end)
  // The first of them may have begun before.
  return some.length >= count ? some : yield* from(0)
})
