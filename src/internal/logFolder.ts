/**
 * A folder of execution logs: what is in it, and what is added.
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
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { ExecutionLogError } from "../services/ExecutionLogError.ts"
import type { Line, LogFile, Which } from "../services/ExecutionLogs.ts"
import * as logLines from "./logLines.ts"
import { fileName } from "./logName.ts"

/** A file of a log; `turned` is 0 for the newest, and counts those that were rotated away. */
interface Part {
  readonly path: string
  readonly turned: number
  readonly size: number
  readonly modified: number
  /** Of the file itself: it keeps this when it is rotated. */
  readonly identity: string
}

interface Found {
  readonly log: LogFile
  /** The oldest first. */
  readonly parts: ReadonlyArray<Part>
}

const named = /^(.+)_(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:-(\d+))?\.(log|jsonl)(?:\.(\d+))?$/s

/** What `fileName` made, back, as far as it was not cut. */
const nameOf = (text: string): string => Either.getOrElse(Either.try(() => decodeURIComponent(text)), () => text)

const unreadable = (file: string) => (error: PlatformError) =>
  new ExecutionLogError({ reason: "Unreadable", file, detail: error.message, cause: error })

/** What goes while it is looked at is gone. */
const missing = (error: PlatformError): boolean => error._tag === "SystemError" && error.reason === "NotFound"

const directoryAt = (path: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readDirectory(path)).pipe(
    Effect.catchIf((error) => missing(error) || error.message.includes("ENOTDIR"), () => Effect.succeed([])),
    Effect.mapError(unreadable(path))
  )

const partAt = (path: string, turned: number): Effect.Effect<Option.Option<Part>, never, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.stat(path)).pipe(
    Effect.map(({ dev, ino, mtime, size, type }) =>
      type === "File"
        ? Option.some({
          path,
          turned,
          size: Number(size),
          modified: Option.match(mtime, { onNone: () => 0, onSome: (date) => date.getTime() }),
          identity: `${dev} ${Option.getOrElse(ino, () => path)}`
        })
        : Option.none()
    ),
    Effect.orElseSucceed(Option.none)
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
      const all = yield* Effect.forEach(files, ({ name, turned }) => partAt(path.join(directory, host, name), turned))
      const parts = all.flatMap(Option.toArray).toSorted((a, b) => b.turned - a.turned)
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

const look = Effect.fnUntraced(function*(
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

/** From the newest back, until there are enough. */
const lastOf = Effect.fnUntraced(function*(
  all: ReadonlyArray<Found>,
  count: number,
  which: Which
): Effect.fn.Return<ReadonlyArray<Line>, ExecutionLogError, FileSystem.FileSystem> {
  const lines: Array<ReadonlyArray<Line>> = []
  let left = count
  for (const { log, parts } of all.toReversed()) {
    for (const { path, size } of parts.toReversed()) {
      if (left <= 0) return lines.toReversed().flat()
      const some = yield* logLines.last(log, path, size, left).pipe(
        Effect.catchIf(missing, () => Effect.succeed([])),
        Effect.mapError(unreadable(path))
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

const interval = "300 millis"

/** @internal */
export const follow = (
  directory: string,
  count: number,
  which: Which = {}
): Stream.Stream<Line, ExecutionLogError, FileSystem.FileSystem | Path.Path> =>
  Stream.unwrap(Effect.gen(function*() {
    const before = yield* look(directory, which)
    const sizes = (all: ReadonlyArray<Found>) =>
      all.flatMap(({ parts }) => parts.map(({ identity, size }) => [identity, size] as const))
    const seen = yield* Ref.make<ReadonlyMap<string, number>>(new Map(sizes(before)))
    const more = Effect.gen(function*() {
      const now = yield* look(directory, which)
      const read = yield* Ref.getAndSet(seen, new Map(sizes(now)))
      return Stream.fromIterable(now).pipe(
        Stream.flatMap(({ log, parts }) => Stream.map(Stream.fromIterable(parts), (part) => ({ log, part }))),
        Stream.filter(({ part }) => part.size > (read.get(part.identity) ?? 0)),
        Stream.flatMap(({ log, part: { identity, path, size } }) =>
          logLines.between(log, path, read.get(identity) ?? 0, size).pipe(
            Stream.catchAll((error) => missing(error) ? Stream.empty : Stream.fail(unreadable(path)(error)))
          )
        )
      )
    })
    return Stream.concat(
      Stream.fromIterableEffect(lastOf(before, count, which)),
      Stream.repeat(
        Stream.concat(Stream.unwrap(more), Stream.execute(Effect.sleep(interval))),
        Schedule.forever
      )
    )
  }))
