/**
 * Two byte streams as one.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { Duplex } from "node:stream"

/**
 * Pipes both ways until both are done. A clean end passes on as an end, so that nothing queued is lost; an error ends both.
 * Interruption destroys both.
 *
 * @internal
 */
export const join = (a: Duplex, b: Duplex): Effect.Effect<void> =>
  Effect.async((resume) => {
    let open = 2
    const closed = () => {
      open -= 1
      if (open === 0) resume(Effect.void)
    }
    const watch = (one: Duplex, other: Duplex) => {
      const over = () => {
        // Nobody takes what the other still says; what it has got to send is sent first.
        other.end(() => other.destroy())
        closed()
      }
      // One that went before anybody listened tells nobody any more.
      if (one.closed) {
        if (one.errored !== null) other.destroy()
        return over()
      }
      one.on("error", () => other.destroy())
      one.on("close", over)
      if (!one.destroyed) one.pipe(other)
    }
    watch(a, b)
    watch(b, a)
    return Effect.sync(() => {
      a.destroy()
      b.destroy()
    })
  })
