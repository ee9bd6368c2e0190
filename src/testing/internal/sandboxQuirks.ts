/**
 * Where ssh2's server (1.17) does less than sshd: the only file that touches what it keeps to itself.
 *
 * @since 0.1.0
 */
import type { Socket } from "node:net"
import type { Duplex } from "node:stream"
import type { Server, ServerChannel, Session } from "ssh2"

/**
 * To call after each write to a channel or its stderr, one at a time: ssh2 keeps the chunk that last waited for the window
 * and sends it again when the other output waits.
 *
 * @internal
 */
export const forgetChunk = (channel: ServerChannel): void => {
  const waiting = channel as ServerChannel & {
    _chunk: unknown
    _chunkcb: unknown
    _chunkErr: unknown
    _chunkcbErr: unknown
  }
  waiting._chunk =
    waiting._chunkcb =
    waiting._chunkErr =
    waiting._chunkcbErr =
      undefined
}

/**
 * ssh2 drops every request of a session whose input has ended, signals as well.
 *
 * @internal
 */
export const keepRequests = (session: Session): void => {
  session.on("eof", () => {
    const ending = session as Session & { _ending: boolean }
    ending._ending = false
  })
}

/**
 * ssh2's types want a socket, of which it takes no more than what any duplex has, and `remoteAddress` and `remotePort`.
 *
 * @internal
 */
export const inject = (server: Server, line: Duplex): void => {
  server.injectSocket(line as Socket)
}
