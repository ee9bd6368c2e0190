/**
 * A file that is written in large blocks, one while the next fills: what comes is copied at once, so that nothing of a
 * channel's memory waits for the disk. Kept until then, it would cost the garbage collector more than the cipher costs.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { Buffer } from "node:buffer"
import type { FileHandle } from "node:fs/promises"

const blockSize = 1024 * 1024

/** @internal */
export interface BlockWriter<E> {
  readonly write: (chunk: Uint8Array) => Effect.Effect<void, E>
  /** What is left of the last block; gives the size of the file. */
  readonly flush: Effect.Effect<number, E>
}

/**
 * `told` hears at each block how much has come, and how much of that is in the file, whoever reads it.
 *
 * @internal
 */
export const make = <E, E1>(
  handle: FileHandle,
  from: number,
  fail: (cause: unknown) => E,
  told: (come: number, inFile: number) => Effect.Effect<void, E1>
): BlockWriter<E | E1> => {
  let block = Buffer.allocUnsafeSlow(blockSize)
  let spare = Buffer.allocUnsafeSlow(blockSize)
  let filled = 0
  let begun = from
  let inFile = from
  let under: Promise<void> = Promise.resolve()

  const settled = Effect.map(
    Effect.suspend(() => Effect.tryPromise({ try: () => under, catch: fail })),
    () => {
      inFile = begun
    }
  )
  const begin = Effect.suspend(() => {
    const size = filled
    under = handle.write(block, 0, size, begun).then(({ bytesWritten }) =>
      bytesWritten === size
        ? undefined
        : Promise.reject(new Error("the disk took less than was written: is it full?"))
    )
    // Told to the next one who writes, if anybody does.
    under.catch(() => undefined)
    begun += size
    const full = block
    block = spare
    spare = full
    filled = 0
    return told(begun, inFile)
  })
  const next = Effect.zipRight(settled, begin)
  const write = (chunk: Uint8Array): Effect.Effect<void, E | E1> => {
    const room = Math.min(chunk.length, blockSize - filled)
    block.set(room === chunk.length ? chunk : chunk.subarray(0, room), filled)
    filled += room
    return filled < blockSize
      ? Effect.void
      : Effect.zipRight(next, Effect.suspend(() => room === chunk.length ? Effect.void : write(chunk.subarray(room))))
  }
  return {
    write: (chunk) => Effect.suspend(() => write(chunk)),
    flush: next.pipe(Effect.zipRight(settled), Effect.map(() => inFile))
  }
}
