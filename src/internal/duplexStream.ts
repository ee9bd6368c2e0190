/**
 * Node's streams as Effect's, with back-pressure.
 *
 * @since 0.1.0
 */
import * as NodeStream from "@effect/platform-node/NodeStream"
import * as Stream from "effect/Stream"
import type { Readable } from "node:stream"

/**
 * What a readable says until its end. The stream is not destroyed when its consumer stops: its channel's scope does that.
 *
 * @internal
 */
export const readAll = <E>(readable: Readable, onError: (cause: unknown) => E): Stream.Stream<Uint8Array, E> =>
  Stream.concat(
    NodeStream.fromReadable<E, Uint8Array>(() => readable, onError, { closeOnDone: false }),
    // One that failed before it was read has no end and no error to hear of, and would seem empty.
    Stream.suspend(() => readable.errored === null ? Stream.empty : Stream.fail(onError(readable.errored)))
  )
