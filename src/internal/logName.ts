/**
 * Names of log files.
 *
 * @since 0.1.0
 */
import type * as DateTime from "effect/DateTime"
import * as Hash from "effect/Hash"

const longestName = 120

/**
 * A name as one component of a path: two names never give the same.
 *
 * @internal
 */
export const fileName = (name: string): string => {
  const safe = Array.from(
    new TextEncoder().encode(name),
    (byte, index) =>
      /[A-Za-z0-9_@:+=,()-]/.test(String.fromCharCode(byte)) || (byte === 0x2e && index > 0)
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`
  ).join("")
  if (safe === "") return "%"
  return safe.length > longestName ? `${safe.slice(0, longestName)}~${(Hash.string(name) >>> 0).toString(16)}` : safe
}

/**
 * `YYYYMMDDhhmmss`
 *
 * @internal
 */
export const stamp = (parts: DateTime.DateTime.PartsWithWeekday): string =>
  [parts.year, parts.month, parts.day, parts.hours, parts.minutes, parts.seconds]
    .map((part, index) => String(part).padStart(index === 0 ? 4 : 2, "0")).join("")
