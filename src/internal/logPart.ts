/**
 * A file of a log. It may be renamed at any moment, so what tells it from others is the file itself.
 *
 * @since 0.1.0
 */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"

/**
 * `turned` is 0 for the newest, and counts those that were rotated away.
 *
 * @internal
 */
export interface Part {
  readonly path: string
  readonly turned: number
  readonly size: number
  readonly modified: number
  /** Of the file itself: it keeps this when it is rotated. */
  readonly identity: string
}

/** The number of a file that has gone is soon that of another: the time of birth tells them apart. */
const identityOf = ({ birthtime, dev, ino }: FileSystem.File.Info, path: string): string =>
  [
    dev,
    Option.getOrElse(ino, () => path),
    Option.match(birthtime, { onNone: () => "", onSome: (date) => date.getTime() })
  ].join(" ")

/** @internal */
export const at = (path: string, turned: number): Effect.Effect<Option.Option<Part>, never, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.stat(path)).pipe(
    Effect.map((info) =>
      info.type === "File"
        ? Option.some({
          path,
          turned,
          size: Number(info.size),
          modified: Option.match(info.mtime, { onNone: () => 0, onSome: (date) => date.getTime() }),
          identity: identityOf(info, path)
        })
        : Option.none()
    ),
    Effect.orElseSucceed(Option.none)
  )

const atOnce = 64 * 1024

/**
 * The bytes between two places. None where another file has its name by now.
 *
 * @internal
 */
export const bytes = (
  { identity, path }: Part,
  from: number,
  to: number
): Stream.Stream<Uint8Array, PlatformError, FileSystem.FileSystem> =>
  Stream.unwrapScoped(Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const file = yield* fs.open(path)
    if (to <= from || identityOf(yield* file.stat, path) !== identity) return Stream.empty
    yield* file.seek(from, "start")
    return Stream.paginateChunkEffect(from, (place) =>
      Effect.map(
        file.readAlloc(Math.min(atOnce, to - place)),
        Option.match({
          onNone: () => [Chunk.empty<Uint8Array>(), Option.none()] as const,
          onSome: (some) => {
            const next = place + some.length
            return [Chunk.of(some), next < to ? Option.some(next) : Option.none()] as const
          }
        })
      ))
  }))
