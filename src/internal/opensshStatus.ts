/**
 * How a program ended, told on its standard error: a client of OpenSSH says 255 for a program's 255, for a signal and for a
 * lost connection, and nothing at all when a session stands.
 *
 * @since 0.1.0
 */
import { Transform } from "node:stream"
import type { Program } from "../services/SshConnection.ts"
import { shellArgv } from "./shipping.ts"
import { quote, quoteAll } from "./words.ts"

/** What begins a line of ours. Nobody guesses what comes behind it. */
const start = "\u001e"

/**
 * The program between two lines on standard error: that it starts, and its status. Signals are for the program, the shell
 * outlives them, and what it would say of them is not heard.
 */
const framed = [
  `trap : HUP INT TERM`,
  `exec 3>&2 2>/dev/null`,
  `printf '${start}%s\\n' "$1" >&3`,
  `( exec /bin/sh -c "$2" "$0" 2>&3 3>&- )`,
  `lc_code=$?`,
  `lc_name=`,
  `[ "$lc_code" -le 128 ] || [ "$lc_code" -gt 159 ] || lc_name=$(kill -l "$lc_code")`,
  `printf '${start}%s %s %s\\n' "$1" "$lc_code" "$lc_name" >&3`
].join("; ")

/**
 * The command line that starts a shell program within its frame.
 *
 * @internal
 */
export const command = (program: Program, nonce: string): string => {
  const [, , boot, name] = shellArgv(program)
  return `exec /bin/sh -c ${quote(framed)} ${quoteAll([name ?? program.name, nonce, boot ?? ""])}`
}

/**
 * What the frame says.
 *
 * @internal
 */
export type Frame =
  | { readonly _tag: "started" }
  | { readonly _tag: "ended"; readonly code: number; readonly signal: string | undefined }

/** So much of standard error waits for its reader before the program does, as over a window of SSH. */
const room = 1024 * 1024

/** Longer than a line of the frame can be. */
const mostHeld = 256

/**
 * Takes the frame out of standard error.
 *
 * @internal
 */
export const unframe = (nonce: string, tell: (frame: Frame) => void): Transform => {
  const mark = Buffer.from(`${start}${nonce}`)
  let held: Buffer = Buffer.alloc(0)
  /** Bytes at the end that may be the beginning of a line of the frame. */
  const unsure = (bytes: Buffer): number => {
    const at = bytes.lastIndexOf(start)
    return at >= 0 && bytes.length - at < mark.length && mark.subarray(0, bytes.length - at).equals(bytes.subarray(at))
      ? bytes.length - at
      : 0
  }
  return new Transform({
    readableHighWaterMark: room,
    transform(chunk: Buffer, _, done) {
      let bytes: Buffer = held.length === 0 ? chunk : Buffer.concat([held, chunk])
      let at = bytes.indexOf(mark)
      while (at >= 0) {
        if (at > 0) this.push(bytes.subarray(0, at))
        const end = bytes.indexOf("\n", at)
        if (end < 0 && bytes.length - at < mostHeld) {
          held = bytes.subarray(at)
          return done()
        }
        const [code, signal] = bytes.subarray(at + mark.length, end < 0 ? at + mostHeld : end).toString().trim().split(
          " "
        )
        tell(
          code === undefined || code === ""
            ? { _tag: "started" }
            : { _tag: "ended", code: Number(code), signal: signal === "" ? undefined : signal }
        )
        bytes = end < 0 ? Buffer.alloc(0) : bytes.subarray(end + 1)
        at = bytes.indexOf(mark)
      }
      const keep = unsure(bytes)
      held = bytes.subarray(bytes.length - keep)
      if (bytes.length > keep) this.push(bytes.subarray(0, bytes.length - keep))
      done()
    },
    flush(done) {
      if (held.length > 0) this.push(held)
      done()
    }
  })
}
