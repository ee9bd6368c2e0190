/**
 * A folder of execution logs: what is in it.
 *
 * @since 0.1.0
 */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { ExecutionLogError } from "../services/ExecutionLogError.ts"
import type { Line, LogFile, Which } from "../services/ExecutionLogs.ts"
import * as logLines from "./logLines.ts"
import { fileName } from "./logName.ts"
import * as LogPart from "./logPart.ts"

/**
 * A log and its files, the oldest first.
 *
 * @internal
 */
export interface Found {
  readonly log: LogFile
  readonly parts: ReadonlyArray<LogPart.Part>
}

const named = /^(.+)_(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:-(\d+))?\.(log|jsonl)(?:\.(\d+))?$/s

/** What `fileName` made, back, as far as it was not cut. */
const nameOf = (text: string): string => Either.getOrElse(Either.try(() => decodeURIComponent(text)), () => text)

/** @internal */
export const unreadable = (file: string) => (error: PlatformError) =>
  new ExecutionLogError({ reason: "Unreadable", file, detail: error.message, cause: error })

/**
 * What goes while it is looked at is gone.
 *
 * @internal
 */
export const missing = (error: PlatformError): boolean => error._tag === "SystemError" && error.reason === "NotFound"

const directoryAt = (path: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readDirectory(path)).pipe(
    Effect.catchIf((error) => missing(error) || error.message.includes("ENOTDIR"), () => Effect.succeed([])),
    Effect.mapError(unreadable(path))
  )

const startOf = (digits: ReadonlyArray<string>): Option.Option<DateTime.Utc> => {
  const [year = 0, month = 1, day = 1, hours = 0, minutes = 0, seconds = 0] = digits.map(Number)
  return Option.map(
    DateTime.makeZoned({ year, month, day, hours, minutes, seconds }, {
      timeZone: DateTime.zoneMakeLocal(),
      adjustForTimeZone: true
    }),
    DateTime.toUtc
  )
}

/** One that was renamed meanwhile was seen under both names; it has the older one now. */
const once = (parts: ReadonlyArray<LogPart.Part>): ReadonlyArray<LogPart.Part> =>
  parts.filter(({ identity }, index) => parts.findIndex((part) => part.identity === identity) === index)

/** The logs of a host, from the names of files. */
const ofHost = Effect.fnUntraced(function*(directory: string, host: string, which: Which) {
  const path = yield* Path.Path
  const names = yield* directoryAt(path.join(directory, host))
  const groups = new Map<
    string,
    Array<{ readonly name: string; readonly turned: number; readonly parts: RegExpExecArray }>
  >()
  for (const name of names) {
    const parts = named.exec(name)
    if (parts === null || (which.task !== undefined && parts[1] !== fileName(which.task))) continue
    const key = name.replace(/(\.(?:log|jsonl))\.\d+$/, "$1")
    groups.set(key, [...(groups.get(key) ?? []), { name, turned: Number(parts[10] ?? 0), parts }])
  }
  const found = yield* Effect.forEach(groups, ([key, files]) =>
    Effect.gen(function*() {
      const all = yield* Effect.forEach(
        files,
        ({ name, turned }) => LogPart.at(path.join(directory, host, name), turned)
      )
      const parts = once(all.flatMap(Option.toArray).toSorted((a, b) => b.turned - a.turned))
      const [, task = "", ...digits] = files[0]?.parts ?? []
      const started = startOf(digits.slice(0, 6))
      if (parts.length === 0 || Option.isNone(started)) return []
      const log: LogFile = {
        host: nameOf(host),
        task: nameOf(task),
        started: started.value,
        modified: DateTime.unsafeMake(Math.max(...parts.map(({ modified }) => modified))),
        format: key.endsWith(".jsonl") ? "json" : "text",
        file: path.join(directory, host, key),
        size: parts.reduce((sum, { size }) => sum + size, 0)
      }
      const { since } = which
      return since !== undefined && DateTime.lessThan(log.modified, since) ? [] : [{ log, parts }]
    }), { concurrency: 8 })
  return found.flat()
})

const byStart = (a: Found, b: Found): number =>
  DateTime.toEpochMillis(a.log.started) - DateTime.toEpochMillis(b.log.started) || (a.log.file < b.log.file ? -1 : 1)

/**
 * What is there now, in the order in which it was begun.
 *
 * @internal
 */
export const look = Effect.fnUntraced(function*(
  directory: string,
  which: Which
): Effect.fn.Return<ReadonlyArray<Found>, ExecutionLogError, FileSystem.FileSystem | Path.Path> {
  const path = yield* Path.Path
  const folder = path.resolve(directory, "execution_log")
  const hosts = (yield* directoryAt(folder)).filter((name) => which.host === undefined || name === fileName(which.host))
  const all = yield* Effect.forEach(hosts, (host) => ofHost(folder, host, which), { concurrency: 4 })
  return all.flat().toSorted(byStart)
})

const isWanted = ({ since }: Which) => ({ time }: Line): boolean =>
  since === undefined || time === undefined || DateTime.greaterThanOrEqualTo(time, since)

/**
 * The last lines of all together: from the newest back, until there are enough.
 *
 * @internal
 */
export const lastOf = Effect.fnUntraced(function*(
  all: ReadonlyArray<Found>,
  count: number,
  which: Which
): Effect.fn.Return<ReadonlyArray<Line>, ExecutionLogError, FileSystem.FileSystem> {
  const lines: Array<ReadonlyArray<Line>> = []
  let left = count
  for (const { log, parts } of all.toReversed()) {
    for (const part of parts.toReversed()) {
      if (left <= 0) return lines.toReversed().flat()
      const some = yield* logLines.last(log, part, left).pipe(
        Effect.catchIf(missing, () => Effect.succeed([])),
        Effect.mapError(unreadable(part.path))
      )
      const wanted = some.filter(isWanted(which))
      lines.push(wanted)
      left -= wanted.length
    }
  }
  return lines.toReversed().flat()
})

/** @internal */
export const list = (directory: string, which: Which = {}) =>
  Effect.map(look(directory, which), (all) => all.map(({ log }) => log))

/** @internal */
export const last = (directory: string, count: number, which: Which = {}) =>
  Effect.flatMap(look(directory, which), (all) => lastOf(all, count, which))
