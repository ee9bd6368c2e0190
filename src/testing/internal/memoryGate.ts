/**
 * Whether packets of a host pass: what is on its way waits while they do not.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"

/** @internal */
export interface Gate {
  readonly isOpen: () => boolean
  readonly open: Effect.Effect<void>
  readonly close: Effect.Effect<void>
  readonly wait: Effect.Effect<void>
}

/** @internal */
export const make = (): Gate => {
  const waiting = new Set<() => void>()
  let open = true
  return {
    isOpen: () => open,
    open: Effect.sync(() => {
      open = true
      const all = [...waiting]
      waiting.clear()
      all.forEach((go) => go())
    }),
    close: Effect.sync(() => {
      open = false
    }),
    wait: Effect.async<void>((resume) => {
      const go = () => resume(Effect.void)
      if (open) return go()
      waiting.add(go)
      return Effect.sync(() => waiting.delete(go))
    })
  }
}
