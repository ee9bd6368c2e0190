/**
 * What child processes say, also after their end.
 *
 * @since 0.1.0
 */
import { PassThrough, type Readable } from "node:stream"

/** As much as a pipe of the kernel holds. */
const waiting = 65_536

/**
 * An output that waits for its reader. Node empties those of a child that has ended, read or not, as nobody may be there to
 * read; what is piped on stays.
 *
 * @internal
 */
export const kept = (readable: Readable): Readable => {
  const output = readable.pipe(new PassThrough({ highWaterMark: waiting }))
  // One that never began has no end.
  readable.once("close", () => void output.end())
  return output
}
