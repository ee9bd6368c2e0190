/**
 * The output of a long-running process: files on the host, followed by offset, so that a lost link loses and repeats no byte.
 *
 * @since 0.1.0
 */
import * as Chunk from "effect/Chunk"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import type { Watched } from "../services/Guardian.ts"
import type { Files } from "../services/SshConnection.ts"
import type { SshError } from "../services/SshError.ts"

/** One read; a file is asked again so soon after it had nothing new. */
const atOnce = 64 * 1024
const pause = "250 millis"

/** So much of the end of each output stands in an error. */
const tailBytes = 4096
const tailLines = 20

type Kind = "out" | "err"

/** Where a reader is: in all that was printed, and how much of it had been cut away when it got there. */
interface Place {
  readonly offset: number
  readonly cut: number
}

interface Read {
  readonly at: number
  readonly cut: number
  readonly bytes: Uint8Array
}

/**
 * What the process prints from an offset on, until it has ended and all is read. `dropped` hears of bytes that the host had
 * dropped before they were read, because the file was over its cap.
 *
 * @internal
 */
export const follow = (
  watched: Watched,
  state: string,
  files: Effect.Effect<Files, SshError>,
  kind: Kind,
  from: number,
  dropped: (bytes: number) => Effect.Effect<void> = () => Effect.void
): Stream.Stream<Uint8Array, SshError> => {
  const path = `${state}/${watched.name}.${kind}`
  const read = (place: Place): Effect.Effect<Read, SshError> =>
    Effect.gen(function*() {
      const cut = (yield* Ref.get(watched.cut))[kind]
      const hole = (yield* Ref.get(watched.hole))[kind]
      // What was cut stands no longer in the file: all that is there now is new.
      const offset = cut > place.cut ? cut : place.offset
      const at = Math.max(offset, cut + hole)
      const host = yield* files
      const bytes = yield* host.read(path, at - cut, atOnce)
      if (!bytes.includes(0)) return { at, cut, bytes }
      // Zeros may be what was dropped meanwhile; the host has written down how much before it did.
      const dropped = cut + (yield* holeOf(host, `${state}/${watched.name}.hole-${kind}`))
      if (dropped <= at) return { at, cut, bytes }
      const kept = bytes.subarray(Math.min(bytes.length, dropped - at))
      // Until that is read, still more may be dropped.
      return kept.length > 0 ? { at: dropped, cut, bytes: kept } : yield* read({ offset: dropped, cut })
      // The link came down under the read: the files of the next one answer from the same offset.
    }).pipe(
      Effect.catchIf((error) => error.reason === "LinkLost", () =>
        // Fails when there will be no next one.
        Effect.zipRight(Effect.asVoid(files), Effect.zipRight(Effect.sleep(pause), read(place))))
    )
  return Stream.unwrap(
    Effect.map(
      Ref.get(watched.cut),
      (cut) =>
        Stream.paginateChunkEffect({ offset: from, cut: cut[kind] }, (place: Place) =>
          Effect.gen(function*() {
            const over = yield* Deferred.isDone(watched.exited)
            const { at, bytes: chunk, cut } = yield* read(place)
            if (at > place.offset) {
              yield* dropped(at - place.offset)
            }
            if (chunk.length === 0 && !over) {
              yield* Effect.raceFirst(Effect.sleep(pause), Effect.asVoid(Deferred.await(watched.exited)))
            }
            return [
              chunk.length === 0 ? chunks() : chunks(chunk),
              chunk.length === 0 && over ? Option.none() : Option.some({ offset: at + chunk.length, cut })
            ] as const
          }))
    )
  )
}

/**
 * The offset behind all that the process has printed so far.
 *
 * @internal
 */
export const size = (
  watched: Watched,
  state: string,
  files: Effect.Effect<Files, SshError>,
  kind: Kind
): Effect.Effect<number, SshError> =>
  Effect.gen(function*() {
    const host = yield* files
    const found = yield* host.stat(`${state}/${watched.name}.${kind}`)
    const { [kind]: cut } = yield* Ref.get(watched.cut)
    return cut + Option.match(found, { onNone: () => 0, onSome: (stat) => stat.size })
  })

/** A read of the file of a hole, which holds a number. */
const holeOf = (host: Files, path: string): Effect.Effect<number, SshError> =>
  host.read(path, 0, 32).pipe(
    Effect.map((bytes) => Number.parseInt(new TextDecoder().decode(bytes), 10) || 0),
    // Nothing was ever dropped.
    Effect.catchIf(({ reason }) => reason === "Transfer", () => Effect.succeed(0))
  )

const chunks = (...all: ReadonlyArray<Uint8Array>) => Chunk.fromIterable(all)

/**
 * The last lines of both outputs, for an error. A host that cannot be asked has none.
 *
 * @internal
 */
export const tail = (
  watched: Watched,
  state: string,
  files: Effect.Effect<Files, SshError>
): Effect.Effect<ReadonlyArray<string>> =>
  Effect.forEach(["out", "err"] as const, (kind) =>
    Effect.gen(function*() {
      const host = yield* files
      const path = `${state}/${watched.name}.${kind}`
      const size = Option.match(yield* host.stat(path), { onNone: () => 0, onSome: (stat) => stat.size })
      const bytes = yield* host.read(path, Math.max(0, size - tailBytes), tailBytes)
      return new TextDecoder().decode(bytes).split("\n").filter((line) => line.trim() !== "")
    }).pipe(Effect.timeout("5 seconds"), Effect.orElseSucceed((): ReadonlyArray<string> => []))).pipe(
      Effect.map((both) => both.flat().slice(-tailLines))
    )
