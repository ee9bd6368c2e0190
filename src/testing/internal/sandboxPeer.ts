/**
 * One SSH connection of a Sandbox host, as its sessions and forwards see it.
 *
 * @since 0.1.0
 */
import type { Connection } from "ssh2"

/**
 * A connection and what ends with it.
 *
 * @internal
 */
export interface Peer {
  readonly connection: Connection
  /** Once it is, channels that are opened on it never end. */
  readonly gone: () => boolean
  /** Runs once, when the connection is gone. Returns the way to forget it. */
  readonly whenGone: (end: () => void) => () => void
}

/**
 * Watches a connection.
 *
 * @internal
 */
export const make = (connection: Connection): Peer => {
  const ends = new Set<() => void>()
  let gone = false
  const leave = (): void => {
    gone = true
    for (const end of ends) end()
    ends.clear()
  }
  // Any of them may come first, or alone. An error without a listener would end this process.
  connection.on("error", leave).on("end", leave).on("close", leave)
  return {
    connection,
    gone: () => gone,
    whenGone: (end) => {
      ends.add(end)
      return () => {
        ends.delete(end)
      }
    }
  }
}
