/**
 * The input of this process.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import process from "node:process"

/**
 * Whether people type it.
 *
 * @internal
 */
export const isTerminal: Effect.Effect<boolean> = Effect.sync(() => process.stdin.isTTY)
