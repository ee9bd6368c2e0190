/**
 * Words that nobody says by chance: they tell one conversation from another, and are no secret.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"

/**
 * So many times six hexadecimal digits. Tests that seed `Random` get the same ones each time.
 *
 * @internal
 */
export const hex = (parts: number): Effect.Effect<string> =>
  Effect.map(
    Effect.replicateEffect(Random.nextIntBetween(0, 0x1000000), parts),
    (all) => all.map((part) => part.toString(16).padStart(6, "0")).join("")
  )
