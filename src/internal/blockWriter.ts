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
  /** Gives how much is in the file, whoever reads it. */
  readonly write: (chunk: Uint8Array) => Effect.Effect<number, E>
  /** What is left of the last block; gives the size of the file. */
  readonly flush: Effect.Effect<number, E>
}

/** @internal */
export const make = <E>(handle: FileHandle, from: number, fail: (cause: unknown) => E): BlockWriter<E> => {
  let block = Buffer.allocUnsafeSlow(blockSize)
  let spare = Buffer.allocUnsafeSlow(blockSize)
  let filled = 0
  let begun = from
  let inFile = from
  let under: Promise<void> | undefined

  const settled: Effect.Effect<number, E> = Effect.suspend(() => {
    const writing = under
    return writing === undefined ? Effect.succeed(inFile) : Effect.tryPromise({ try: () => writing, catch: fail }).pipe(
      Effect.as(begun),
      Effect.tap((size) =>
        Effect.sync(() => {
          inFile = size
          under = undefined
        })
      )
    )
  })
  const begin = Effect.sync(() => {
    const full = block
    const size = filled
    under = handle.write(full, 0, size, begun).then(({ bytesWritten }) => {
      if (bytesWritten !== size) return Promise.reject(new Error("the disk took less than was written: is it full?"))
      return undefined
    })
    // Told to the next one who writes, if anybody does.
    under.catch(() => undefined)
    begun += size
    block = spare
    spare = full
    filled = 0
  })
  const write = (chunk: Uint8Array): Effect.Effect<number, E> => {
    const room = Math.min(chunk.length, blockSize - filled)
    block.set(room === chunk.length ? chunk : chunk.subarray(0, room), filled)
    filled += room
    if (filled < blockSize) return Effect.succeed(inFile)
    return Effect.zipRight(
      Effect.zipLeft(settled, begin),
      Effect.suspend(() => room === chunk.length ? Effect.succeed(inFile) : write(chunk.subarray(room)))
    )
  }
  return {
    write: (chunk) => Effect.suspend(() => write(chunk)),
    flush: settled.pipe(Effect.zipRight(begin), Effect.zipRight(settled))
  }
}
