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
  const read = (offset: number): Effect.Effect<readonly [at: number, bytes: Uint8Array], SshError> =>
    Effect.gen(function*() {
      // What was cut from the front stands no longer in the file: a reader that was behind goes on after it.
      const cut = (yield* Ref.get(watched.cut))[kind]
      const at = Math.max(offset, cut)
      const host = yield* files
      return [at, yield* host.read(path, at - cut, atOnce)] as const
      // The link came down under the read: the files of the next one answer from the same offset.
    }).pipe(
      Effect.catchIf((error) => error.reason === "LinkLost", () =>
        // Fails when there will be no next one.
        Effect.zipRight(Effect.asVoid(files), Effect.zipRight(Effect.sleep(pause), read(offset))))
    )
  return Stream.paginateChunkEffect(from, (offset) =>
    Effect.gen(function*() {
      const over = yield* Deferred.isDone(watched.exited)
      const [at, chunk] = yield* read(offset)
      if (at > offset) yield* dropped(at - offset)
      if (chunk.length === 0 && !over) {
        yield* Effect.raceFirst(Effect.sleep(pause), Effect.asVoid(Deferred.await(watched.exited)))
      }
      return [
        chunk.length === 0 ? chunks() : chunks(chunk),
        chunk.length === 0 && over ? Option.none() : Option.some(at + chunk.length)
      ] as const
    }))
}

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
