/**
 * Names made from content.
 *
 * @since 0.1.0
 */
import { createHash } from "node:crypto"

/**
 * SHA-256 of a text, in hexadecimal.
 *
 * @internal
 */
export const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex")
