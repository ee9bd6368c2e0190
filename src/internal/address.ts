/**
 * Names and addresses, written in one way.
 *
 * @since 0.1.0
 */
import { isIPv6 } from "node:net"

/** The forms of IPv4 that inet_aton reads: `127.1`, `0x7f.1`, `2130706433`. */
const numeric = /^(?:0x[0-9a-f]*|\d+)(?:\.(?:0x[0-9a-f]*|\d+)){0,3}$/i

/**
 * A host name in lower case, an address in its usual form.
 *
 * @internal
 */
export const canonical = (name: string): string => {
  const lower = name.toLowerCase()
  // An address in IPv4 notation would come back in hexadecimal, a zone not at all.
  if (isIPv6(lower)) return /[.%]/.test(lower) ? lower : new URL(`http://[${lower}]`).hostname.slice(1, -1)
  return numeric.test(lower) && URL.canParse(`http://${lower}`) ? new URL(`http://${lower}`).hostname : lower
}
