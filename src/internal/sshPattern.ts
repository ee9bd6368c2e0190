/**
 * The patterns of ssh_config and known_hosts: `*`, `?`, comma lists, `!`.
 *
 * @since 0.1.0
 */

/**
 * Whether a pattern with `*` and `?` covers the whole text. Linear: on a mismatch only the last star is tried again.
 *
 * @internal
 */
export const matches = (text: string, pattern: string): boolean => {
  let at = 0
  let read = 0
  let star = -1
  let resume = 0
  while (at < text.length) {
    if (pattern[read] === "*") {
      star = read++
      resume = at
    } else if (read < pattern.length && (pattern[read] === "?" || pattern[read] === text[at])) {
      read++
      at++
    } else if (star >= 0) {
      read = star + 1
      at = ++resume
    } else return false
  }
  while (pattern[read] === "*") read++
  return read === pattern.length
}

/**
 * Whether a comma list covers the text: one pattern must, and none after a `!` may.
 *
 * @internal
 */
export const matchesList = (text: string, list: string): boolean => {
  let found = false
  for (const item of list.split(",")) {
    const negated = item.startsWith("!")
    if (!matches(text, negated ? item.slice(1) : item)) continue
    if (negated) return false
    found = true
  }
  return found
}

/**
 * The same for host names, which have no case.
 *
 * @internal
 */
export const matchesHost = (name: string, list: string): boolean => matchesList(name.toLowerCase(), list.toLowerCase())
