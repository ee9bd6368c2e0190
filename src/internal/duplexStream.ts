/**
 * Node's streams as Effect's, with back-pressure both ways.
 *
 * @since 0.1.0
 */
import * as NodeStream from "@effect/platform-node/NodeStream"
import * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { Readable, Writable } from "node:stream"

/**
 * What a readable says until its end. The stream is not destroyed when its consumer stops: its channel's scope does that.
 *
 * @internal
 */
export const readAll = <E>(readable: Readable, onError: (cause: unknown) => E): Stream.Stream<Uint8Array, E> =>
  NodeStream.fromReadable(() => readable, onError, { closeOnDone: false })

/**
 * Writes one chunk; done when it is taken, so that a full window holds the writer back.
 *
 * @internal
 */
export const write = <E>(
  writable: Writable,
  chunk: Uint8Array | string,
  onError: (cause: unknown) => E
): Effect.Effect<void, E> =>
  Effect.async((resume) => {
    if (writable.writableEnded || writable.destroyed) return resume(Effect.fail(onError(new Error("already closed"))))
    writable.write(chunk, (cause) => resume(cause ? Effect.fail(onError(cause)) : Effect.void))
  })
