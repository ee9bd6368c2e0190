/**
 * Tells the answer of `function.py`, which comes last on standard output, from what the user's function printed before it.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"

/**
 * Takes standard output chunk by chunk. `push` and `end` give back what is the user's; `answer` is there after `end`.
 *
 * @internal
 */
export interface ResultFrame {
  readonly push: (chunk: Uint8Array) => Uint8Array
  readonly end: () => Uint8Array
  readonly answer: () => Option.Option<string>
}

const nothing = new Uint8Array(0)
const lineEnd = 10

/**
 * A frame is `NUL lazycluster NONCE LENGTH LF` and that many bytes.
 *
 * @internal
 */
export const make = (nonce: string): ResultFrame => {
  const marker = Buffer.from(`\0lazycluster ${nonce} `)
  let held = Buffer.alloc(0)
  let framed: Array<Uint8Array> | undefined
  let answer = Option.none<string>()

  const push = (chunk: Uint8Array): Uint8Array => {
    if (framed !== undefined) {
      framed.push(chunk)
      return nothing
    }
    const all = held.length === 0 ? Buffer.from(chunk) : Buffer.concat([held, chunk])
    const at = all.indexOf(marker)
    if (at >= 0) {
      framed = [all.subarray(at + marker.length)]
      return all.subarray(0, at)
    }
    // The marker's only NUL is its first byte, so only what follows the last one may be the start of a marker.
    const nul = all.lastIndexOf(0)
    const split = nul >= 0 && marker.subarray(0, all.length - nul).equals(all.subarray(nul)) ? nul : all.length
    held = all.subarray(split)
    return all.subarray(0, split)
  }

  const end = (): Uint8Array => {
    if (framed === undefined) return held
    const all = Buffer.concat(framed)
    const start = all.indexOf(lineEnd) + 1
    const length = Number(all.toString("latin1", 0, start))
    if (start > 0 && all.length >= start + length) {
      answer = Option.some(all.toString("utf8", start, start + length))
      // A process that the function left behind may print after the answer.
      return all.subarray(start + length)
    }
    return nothing
  }

  return { push, end, answer: () => answer }
}
