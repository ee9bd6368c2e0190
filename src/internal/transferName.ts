/**
 * Names of files, which are bytes, as text: what is UTF-8 reads as it is, each byte of what is not becomes one lone surrogate
 * (U+DC80 to U+DCFF), as in Python's `os.fsdecode`. So every name is one text, and comes back as it was.
 *
 * @since 0.1.0
 */
import { Buffer } from "node:buffer"

/** The bytes that begin a sequence of UTF-8, and how many follow. */
const following = (byte: number): number => byte < 0xc2 ? 0 : byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : byte < 0xf5 ? 3 : 0

const lone = (byte: number): string => String.fromCharCode(0xdc00 + byte)

const decodeSlowly = (bytes: Buffer): string => {
  let text = ""
  for (let at = 0; at < bytes.length;) {
    const first = bytes[at] ?? 0
    const end = at + 1 + following(first)
    const piece = first < 0x80 || end > at + 1 ? bytes.toString("utf8", at, end) : "\ufffd"
    // A sequence that is none reads as U+FFFD: so does U+FFFD itself, whose bytes tell it apart.
    const whole = Buffer.from(piece, "utf8").equals(bytes.subarray(at, end))
    text += whole ? piece : lone(first)
    at = whole ? end : at + 1
  }
  return text
}

/**
 * A name as text.
 *
 * @internal
 */
export const decode = (bytes: Buffer): string => {
  const text = bytes.toString("utf8")
  return text.includes("\ufffd") ? decodeSlowly(bytes) : text
}

const surrogate = /[\udc80-\udcff]/

/**
 * Text as the bytes of a name.
 *
 * @internal
 */
export const encode = (text: string): Buffer =>
  surrogate.test(text)
    // Pairs are matched first: their second half may look like a lone one.
    ? Buffer.concat(
      (text.match(/(?:[\ud800-\udbff][\udc00-\udfff]|[^\ud800-\udfff])+|[^]/g) ?? []).map((part) =>
        /^[\udc80-\udcff]$/.test(part) ? Buffer.of(part.charCodeAt(0) - 0xdc00) : Buffer.from(part, "utf8")
      )
    )
    : Buffer.from(text, "utf8")

/**
 * A name for people: what is not UTF-8, and what would move a cursor, as escapes.
 *
 * @internal
 */
export const show = (text: string): string =>
  text
    .replace(/[\ud800-\udbff][\udc00-\udfff]|[\udc80-\udcff]/g, (found) =>
      found.length === 2 ? found : `\\x${(found.charCodeAt(0) - 0xdc00).toString(16)}`)
    .replace(/(?![\x80-\x9f])\p{Cc}/gu, (found) =>
      `\\x${found.charCodeAt(0).toString(16).padStart(2, "0")}`)
