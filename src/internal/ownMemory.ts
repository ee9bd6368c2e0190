/**
 * What this process takes.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"

/**
 * Resident bytes.
 *
 * @internal
 */
export const resident: Effect.Effect<number> = Effect.sync(() => process.memoryUsage.rss())
