/**
 * The Node.js that runs this program.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { versions } from "node:process"

/**
 * As `20.19.1`.
 *
 * @internal
 */
export const current: Effect.Effect<string> = Effect.sync(() => versions.node)
