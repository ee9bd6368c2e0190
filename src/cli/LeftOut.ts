/**
 * Hosts that a command goes on without.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { RuntimeGroup } from "../runtimes/RuntimeGroup.ts"
import * as View from "./View.ts"

/**
 * Names the hosts of the ssh config that did not do. Those that were named on the command line would have failed.
 *
 * @since 0.1.0
 * @category accessors
 */
export const note = ({ inactive }: RuntimeGroup): Effect.Effect<void, never, View.View> => {
  // Further names of a machine that is in the group are no loss.
  const missing = inactive.filter(({ sameAs }) => sameAs === undefined)
  return missing.length === 0
    ? Effect.void
    : View.note(`without ${missing.map(({ host }) => host).join(", ")}: lazycluster list-runtimes says why`)
}
