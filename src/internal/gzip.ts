/**
 * Text, compressed for its way to a host.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { gzip } from "node:zlib"

/** @internal */
export const pack = (text: string): Effect.Effect<Uint8Array> =>
  Effect.async((resume) =>
    gzip(text, (error, bytes) => resume(error === null ? Effect.succeed(bytes) : Effect.die(error)))
  )
