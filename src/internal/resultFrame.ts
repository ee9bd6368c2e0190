/**
 * Tells what `function.py` and `function.mjs` say on standard output from what the user's function prints there.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"

/**
 * What a chunk of standard output held.
 *
 * @internal
 */
export interface Taken {
  /** What is the user's. */
  readonly output: Uint8Array
  /** JSON text of each report that became whole. */
  readonly reports: ReadonlyArray<string>
}

/**
 * Takes standard output chunk by chunk. `answer` is there after `end`; `problem` is what makes the rest not worth reading.
 *
 * @internal
 */
export interface ResultFrame {
  readonly push: (chunk: Uint8Array) => Taken
  readonly end: () => Uint8Array
  readonly answer: () => Option.Option<string>
  readonly problem: () => string | undefined
}

/** As the programs on the host hold to, with room for their own words. */
const longestReport = 1_100_000
/** Processes of one function that may be in the middle of a report. */
const mostSenders = 64
const lineEnd = 10
const header = /^([paPA]) (\d{1,10}) (\d{1,5})$/
const longestHeader = 20

interface Message {
  readonly decoder: InstanceType<typeof TextDecoder>
  text: string
  size: number
}

/**
 * A frame is `NUL lazycluster NONCE KIND SENDER LENGTH LF` and that many bytes of a message, which may come in several
 * frames; what other processes print between these is the user's.
 *
 * @internal
 */
export const make = (nonce: string, limit: number): ResultFrame => {
  const marker = Buffer.from(`\0lazycluster ${nonce} `)
  const messages = new Map<string, Message>()
  let held = Buffer.alloc(0)
  let body: { readonly kind: string; readonly sender: string; left: number } | undefined
  let answer = Option.none<string>()
  let problem: string | undefined
  /** Bytes of messages that are not whole yet, of all senders. */
  let waiting = 0

  /** The text of a message that is whole now. */
  const take = (part: Uint8Array, { kind, left, sender }: NonNullable<typeof body>): string | undefined => {
    const key = `${kind.toLowerCase()} ${sender}`
    const message = messages.get(key) ?? { decoder: new TextDecoder("utf-8", { ignoreBOM: true }), text: "", size: 0 }
    const last = left === 0 && kind !== kind.toLowerCase()
    messages.set(key, message)
    message.size += part.length
    waiting += part.length
    const longest = kind.toLowerCase() === "a" ? limit : longestReport
    if (message.size > longest || messages.size > mostSenders || waiting > limit + mostSenders * longestReport) {
      problem ??= kind.toLowerCase() === "a"
        ? `its answer is more than ${limit} bytes`
        : `a report is more than ${longestReport} bytes`
      messages.delete(key)
      waiting -= message.size
      return undefined
    }
    message.text += message.decoder.decode(part, { stream: !last })
    if (!last) return undefined
    messages.delete(key)
    waiting -= message.size
    return message.text
  }

  const push = (chunk: Uint8Array): Taken => {
    const output: Array<Uint8Array> = []
    const reports: Array<string> = []
    let rest = held.length === 0
      ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
      : Buffer.concat([held, chunk])
    held = Buffer.alloc(0)
    while (rest.length > 0) {
      if (body !== undefined) {
        const part = rest.subarray(0, body.left)
        rest = rest.subarray(part.length)
        body.left -= part.length
        const whole = take(part, body)
        if (whole !== undefined && body.kind === "P") reports.push(whole)
        if (whole !== undefined && body.kind === "A") answer = Option.some(whole)
        if (body.left === 0) body = undefined
        continue
      }
      const at = rest.indexOf(marker)
      if (at < 0) {
        // The marker's only NUL is its first byte, so only what follows the last one may be the start of a marker.
        const nul = rest.lastIndexOf(0)
        const split = nul >= 0 && marker.subarray(0, rest.length - nul).equals(rest.subarray(nul)) ? nul : rest.length
        output.push(rest.subarray(0, split))
        held = Buffer.from(rest.subarray(split))
        break
      }
      output.push(rest.subarray(0, at))
      const from = at + marker.length
      const end = rest.indexOf(lineEnd, from)
      if (end < 0 && rest.length - from <= longestHeader) {
        held = Buffer.from(rest.subarray(at))
        break
      }
      const [, kind = "", sender = "", length = "0"] =
        header.exec(rest.toString("latin1", from, Math.max(end, from))) ?? []
      if (kind === "") {
        output.push(rest.subarray(at, from))
        rest = rest.subarray(from)
        continue
      }
      rest = rest.subarray(end + 1)
      body = { kind, sender, left: Number(length) }
    }
    return { output: output.length === 1 ? output[0] ?? Buffer.alloc(0) : Buffer.concat(output), reports }
  }

  return { push, end: () => held, answer: () => answer, problem: () => problem }
}
