/**
 * What is added to a folder of execution logs: each line once, whatever is renamed while somebody looks.
 *
 * @since 0.1.0
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import type { ExecutionLogError } from "../services/ExecutionLogError.ts"
import type { Line, LogFile, Which } from "../services/ExecutionLogs.ts"
import * as logFolder from "./logFolder.ts"
import * as logLines from "./logLines.ts"
import type { Part } from "./logPart.ts"

/** How far a file has been read. */
interface Place {
  readonly offset: number
  /** Whether a line begins there. */
  readonly whole: boolean
  /** In so many looks on end it was not seen. */
  readonly missing: number
}

type Places = ReadonlyMap<string, Place>

const interval = "300 millis"

/** A file that is renamed between the listing and the look at its name is not seen; after so many looks it has gone. */
const patience = 3

const partsOf = (all: ReadonlyArray<logFolder.Found>) =>
  all.flatMap(({ log, parts }) => parts.map((part) => ({ log, part })))

/** Without the files that have gone. */
const still = (places: Places, now: ReadonlyArray<logFolder.Found>): Places => {
  const seen = new Set(partsOf(now).map(({ part }) => part.identity))
  const all = [...places].map(([identity, place]) =>
    [identity, { ...place, missing: seen.has(identity) ? 0 : place.missing + 1 }] as const
  )
  return new Map(all.filter(([, { missing }]) => missing < patience))
}

const unread: Place = { offset: 0, whole: true, missing: 0 }

/** What a file has more than at its place, which goes behind each line. */
const added = (
  log: LogFile,
  part: Part,
  places: Ref.Ref<Places>
): Stream.Stream<Line, ExecutionLogError, FileSystem.FileSystem> =>
  Stream.unwrap(Effect.gen(function*() {
    const known = (yield* Ref.get(places)).get(part.identity) ?? unread
    // A log never shrinks: this is another file.
    const { offset, whole } = part.size < known.offset ? unread : known
    if (part.size === offset) return Stream.empty
    const from = whole ? offset : yield* logLines.begin(part, offset)
    return Stream.tap(logLines.between(log, part, from, part.size), ({ end }) =>
      Ref.update(places, (all) => new Map(all).set(part.identity, { ...unread, offset: end })))
  })).pipe(
    Stream.mapConcat(({ lines }) =>
      lines
    ),
    Stream.catchAll((error) =>
      logFolder.missing(error) ? Stream.empty : Stream.fail(logFolder.unreadable(part.path)(error))
    )
  )

/** @internal */
export const follow = (
  directory: string,
  count: number,
  which: Which = {}
): Stream.Stream<Line, ExecutionLogError, FileSystem.FileSystem | Path.Path> =>
  Stream.unwrap(Effect.gen(function*() {
    const before = yield* logFolder.look(directory, which)
    const places = yield* Ref.make<Places>(
      new Map(partsOf(before).map(({ part }) => [part.identity, { offset: part.size, whole: false, missing: 0 }]))
    )
    const more = Effect.gen(function*() {
      const now = yield* logFolder.look(directory, which)
      yield* Ref.update(places, (all) => still(all, now))
      return Stream.flatMap(Stream.fromIterable(partsOf(now)), ({ log, part }) => added(log, part, places))
    })
    return Stream.concat(
      Stream.fromIterableEffect(logFolder.lastOf(before, count, which)),
      Stream.repeat(
        Stream.concat(Stream.unwrap(more), Stream.execute(Effect.sleep(interval))),
        Schedule.forever
      )
    )
  }))
