/**
 * Secrets that nobody can guess.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { randomBytes } from "node:crypto"

/**
 * So many random bytes, in hexadecimal.
 *
 * @internal
 */
export const hex = (bytes: number): Effect.Effect<Redacted.Redacted> =>
  Effect.sync(() => Redacted.make(randomBytes(bytes).toString("hex")))
