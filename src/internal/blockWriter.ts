/**
 * A file that is written in large blocks, some on their way while one fills: what comes is copied at once, so that nothing of a
 * channel's memory waits for the disk. Kept until then, it would cost the garbage collector more than the cipher costs.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { Moved, Moving } from "./transferFile.ts"
import type { Take } from "./transferTokens.ts"

const blockSize = 1024 * 1024

/** So many blocks: what is behind the disk by more waits in the channel. */
const most = 4

/** @internal */
export interface BlockWriter<E> {
  readonly take: Take<E>
  /** What is left of the last block; gives the hash of the file. */
  readonly flush: Effect.Effect<string, E>
}

/**
 * `told` hears at each block how much has come.
 *
 * @internal
 */
export const make = <E, E1>(
  file: Moving<E>,
  from: number,
  told: (size: number) => Effect.Effect<void, E1>
): BlockWriter<E | E1> => {
  const moving: Array<Effect.Effect<Moved, E>> = []
  let block = new Uint8Array(blockSize)
  let filled = 0
  let come = from

  /** The block goes on its way, and the next one is there. */
  const turn = Effect.suspend(() => {
    moving.push(file.move(block.buffer, filled))
    come += filled
    filled = 0
    const first = moving.length < most ? undefined : moving.shift()
    const next = first === undefined
      ? Effect.sync(() => new Uint8Array(blockSize))
      : Effect.map(first, (moved) => new Uint8Array(moved.block))
    return Effect.zipRight(
      Effect.map(next, (fresh) => {
        block = fresh
      }),
      told(come)
    )
  })
  const take: Take<E | E1> = (chunk) => {
    const room = Math.min(chunk.length, blockSize - filled)
    block.set(room === chunk.length ? chunk : chunk.subarray(0, room), filled)
    filled += room
    if (filled < blockSize) return undefined
    return room === chunk.length
      ? turn
      : Effect.zipRight(turn, Effect.suspend(() => take(chunk.subarray(room)) ?? Effect.void))
  }
  const settled = Effect.suspend(() => Effect.all(moving.splice(0), { discard: true }))
  return {
    take,
    flush: Effect.suspend(() => filled === 0 ? Effect.void : turn).pipe(
      Effect.zipRight(settled),
      Effect.zipRight(Effect.suspend(() => file.hash()))
    )
  }
}
