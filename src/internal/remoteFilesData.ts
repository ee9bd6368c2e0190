/**
 * Content of files of a host: several requests under way at a time, and a bound on what they hold.
 *
 * @since 0.1.0
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import type * as Scope from "effect/Scope"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"

type Read<E> = (offset: number, length: number) => Effect.Effect<Uint8Array, E>

/** Of a request: what OpenSSH's server takes as one. */
const pieceSize = 128 * 1024
const inFlight = 8
/** What reads ahead may hold. */
const readAhead = 4 * 1024 * 1024

/** A read may come short before the end of the file. */
const readFull = <E>(read: Read<E>, offset: number, length: number): Effect.Effect<Uint8Array, E> =>
  Effect.flatMap(read(offset, length), (first) => {
    if (first.length === length || first.length === 0) return Effect.succeed(first)
    const more = (have: ReadonlyArray<Uint8Array>, size: number): Effect.Effect<Uint8Array, E> =>
      Effect.flatMap(read(offset + size, length - size), (chunk) =>
        chunk.length === 0 || size + chunk.length === length
          ? Effect.succeed(Buffer.concat([...have, chunk]))
          : more([...have, chunk], size + chunk.length))
    return more([first], first.length)
  })

/**
 * A file from `offset` to `end`, in chunks of one size but for the last.
 *
 * @internal
 */
export const chunks = <E>(read: Read<E>, options: {
  readonly offset: number
  readonly end: number
  readonly chunkSize: number
  readonly atOnce: number
}): Stream.Stream<Uint8Array, E> => {
  const { atOnce, chunkSize, end, offset } = options
  const lengthAt = (at: number) => Math.min(chunkSize, end - at)
  return Stream.iterate(offset, (at) => at + chunkSize).pipe(
    Stream.takeWhile((at) => at < end),
    Stream.mapEffect(
      (at) => Effect.map(readFull(read, at, lengthAt(at)), (chunk) => ({ chunk, last: chunk.length < lengthAt(at) })),
      { concurrency: Math.max(1, Math.min(atOnce, Math.floor(readAhead / chunkSize))) }
    ),
    Stream.takeUntil(({ last }) => last),
    Stream.map(({ chunk }) => chunk),
    Stream.filter((chunk) => chunk.length > 0)
  )
}

/**
 * A whole file. Most are small, and take no more than one full chunk.
 *
 * @internal
 */
export const whole = <E>(read: Read<E>): Effect.Effect<Uint8Array, E> =>
  Effect.flatMap(readFull(read, 0, pieceSize), (first) =>
    first.length < pieceSize
      ? Effect.succeed(first)
      : chunks(read, { offset: pieceSize, end: Number.POSITIVE_INFINITY, chunkSize: pieceSize, atOnce: inFlight }).pipe(
        Stream.runCollect,
        Effect.map((rest) => Buffer.concat([first, ...rest]))
      ))

const piecesOf = (bytes: Uint8Array): ReadonlyArray<Uint8Array> =>
  Array.from(
    { length: Math.ceil(bytes.length / pieceSize) },
    (_, index) => bytes.subarray(index * pieceSize, (index + 1) * pieceSize)
  )

/** What is appended goes one after the other: its place is the server's choice. */
const writersOf = (append: boolean): number => append ? 1 : inFlight

/**
 * Writes all of it from the beginning on.
 *
 * @internal
 */
export const writeWhole = <E>(
  write: (offset: number, bytes: Uint8Array) => Effect.Effect<void, E>,
  bytes: Uint8Array,
  append: boolean
): Effect.Effect<void, E> =>
  Effect.forEach(piecesOf(bytes), (piece, index) => write(index * pieceSize, piece), {
    concurrency: writersOf(append),
    discard: true
  })

/**
 * Writes what comes, from the beginning on, while more comes. The scope is that of the open file.
 *
 * @internal
 */
export const sink = <E>(
  write: (offset: number, bytes: Uint8Array) => Effect.Effect<void, E>,
  append: boolean
): Effect.Effect<Sink.Sink<void, Uint8Array, never, E>, never, Scope.Scope> =>
  Effect.gen(function*() {
    const scope = yield* Effect.scope
    const places = yield* Effect.makeSemaphore(writersOf(append))
    const broken = yield* Deferred.make<void, E>()
    const sound = Effect.flatMap(Deferred.poll(broken), Option.getOrElse(() => Effect.void))
    const end = yield* Ref.make(0)
    const put = (piece: Uint8Array) =>
      Effect.zipRight(places.take(1), Ref.getAndUpdate(end, (at) => at + piece.length)).pipe(
        Effect.flatMap((at) =>
          Effect.forkIn(
            write(at, piece).pipe(
              Effect.onError((cause) => Deferred.failCause(broken, cause)),
              Effect.ensuring(places.release(1))
            ),
            scope
          )
        ),
        Effect.zipRight(sound)
      )
    return Sink.forEach((bytes: Uint8Array) => Effect.forEach(piecesOf(bytes), put, { discard: true })).pipe(
      Sink.mapEffect(() => Effect.zipRight(places.take(writersOf(append)), sound))
    )
  })
