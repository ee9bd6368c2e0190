/**
 * Changes in a directory of a host that tells of none by itself: what is there is compared, once a second.
 *
 * @since 0.1.0
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import type { FileRequests } from "../services/FileCalls.ts"
import type { SshError } from "../services/SshError.ts"

/** Names and their stamps. */
type Seen = ReadonlyMap<string, string>

const absent = (error: SshError) => error.code === "ENOENT" || error.code === "ENOTDIR"

const look = (
  requests: FileRequests,
  path: string,
  recursive: boolean,
  prefix = ""
): Effect.Effect<Seen, SshError> =>
  Effect.flatMap(
    // What goes while it is looked at is gone.
    Effect.catchIf(requests.entries(path), (error) => prefix !== "" && absent(error), () => Effect.succeed([])),
    (entries) =>
      Effect.map(
        Effect.forEach(entries, ({ directory, name, stamp }) =>
          Effect.map(
            directory && recursive
              ? look(requests, `${path}/${name}`, true, `${prefix}${name}/`)
              : Effect.succeed<Seen>(new Map()),
            // The time of a directory changes with what is in it, which is told by itself.
            (below): Seen => new Map([[`${prefix}${name}`, directory ? "" : stamp ?? ""], ...below])
          ), { concurrency: 8 }),
        (all) => new Map(all.flatMap((some) => [...some]))
      )
  )

const changes = (before: Seen, now: Seen): Chunk.Chunk<FileSystem.WatchEvent> =>
  Chunk.fromIterable<FileSystem.WatchEvent>([
    ...[...before.keys()].filter((path) => !now.has(path)).map((path) => FileSystem.WatchEventRemove({ path })),
    ...[...now].flatMap(([path, stamp]): Array<FileSystem.WatchEvent> =>
      !before.has(path)
        ? [FileSystem.WatchEventCreate({ path })]
        : before.get(path) === stamp
        ? []
        : [FileSystem.WatchEventUpdate({ path })]
    )
  ])

/**
 * A file is looked for in its directory. Ends in an error when the directory goes.
 *
 * @internal
 */
export const watch = (
  requests: FileRequests,
  path: string,
  recursive: boolean
): Stream.Stream<FileSystem.WatchEvent, SshError> =>
  Stream.unwrap(Effect.map(requests.info(path), ({ type }) => {
    const slash = path.replace(/\/+$/, "").lastIndexOf("/")
    const own = path.replace(/\/+$/, "").slice(slash + 1)
    const seen = type === "Directory"
      ? look(requests, path, recursive)
      : Effect.map(
        look(requests, slash <= 0 ? "/" : path.slice(0, slash), false),
        (all): Seen => new Map([...all].filter(([name]) => name === own))
      )
    return Stream.unwrap(Effect.map(seen, (first) =>
      Stream.repeatEffectWithSchedule(seen, Schedule.spaced("1 second")).pipe(
        Stream.mapAccum(first, (before, now) => [now, changes(before, now)] as const),
        Stream.flattenChunks
      )))
  }))
