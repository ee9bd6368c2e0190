/**
 * The way of packets between two machines: it takes its time, and no packet passes while one of its gates is shut.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { Gate } from "./memoryGate.ts"

/** @internal */
export interface Way {
  readonly isOpen: () => boolean
  /** Open, and so many bytes take no time. */
  readonly isFree: (bytes: number) => boolean
  /** Waits for that. */
  readonly open: Effect.Effect<void>
  /** A packet of so many bytes arrives. */
  readonly travel: (bytes?: number) => Effect.Effect<void>
  /** The same for streams of Node: at once where it takes no time. */
  readonly pass: (bytes: number, go: () => void) => void
}

/**
 * `millis` is what so many bytes take now; `run` runs what waits for the clock.
 *
 * @internal
 */
export const make = (
  gates: ReadonlyArray<Gate>,
  millis: (bytes: number) => number,
  run: (effect: Effect.Effect<void>) => void
): Way => {
  const isOpen = () => gates.every((gate) => gate.isOpen())
  const wait: Effect.Effect<void> = Effect.suspend(() => {
    const shut = gates.find((gate) => !gate.isOpen())
    return shut === undefined ? Effect.void : Effect.zipRight(shut.wait, wait)
  })
  const travel = (bytes = 0) =>
    Effect.suspend(() => {
      const time = millis(bytes)
      return time === 0 ? wait : Effect.zipRight(Effect.sleep(time), wait)
    })
  const isFree = (bytes: number) => isOpen() && millis(bytes) === 0
  return {
    isOpen,
    isFree,
    open: wait,
    travel,
    pass: (bytes, go) => {
      if (isFree(bytes)) go()
      else run(Effect.zipRight(travel(bytes), Effect.sync(go)))
    }
  }
}
