/**
 * One SSH connection of a Sandbox host, as its sessions and forwards see it.
 *
 * @since 0.1.0
 */
import type { Connection, ServerChannel, SFTPWrapper } from "ssh2"
import { silence } from "./sandboxQuirks.ts"

/**
 * A connection and what ends with it.
 *
 * @internal
 */
export interface Peer {
  readonly connection: Connection
  /** Once it is, ssh2 throws on every use of the connection. */
  readonly gone: () => boolean
  /** Runs once, when the connection is gone. Returns the way to forget it. */
  readonly whenGone: (end: () => void) => () => void
  /** Makes a channel harmless to use after the connection. */
  readonly adopt: (channel: ServerChannel | SFTPWrapper) => void
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
  // All three: each comes first in some way of ending, and ssh2 throws from then on.
  connection.on("error", leave).on("end", leave).on("close", leave)
  const whenGone = (end: () => void) => {
    ends.add(end)
    return () => {
      ends.delete(end)
    }
  }
  return {
    connection,
    gone: () => gone,
    whenGone,
    adopt: (channel) => {
      const forget = whenGone(() => silence(channel))
      channel.on("error", () => {})
      channel.once("close", forget)
    }
  }
}
