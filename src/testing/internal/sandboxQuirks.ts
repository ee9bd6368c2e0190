/**
 * Where ssh2's server (1.17) does less than sshd: the only file that touches what it keeps to itself.
 *
 * @since 0.1.0
 */
import type { ServerChannel, Session, SFTPWrapper } from "ssh2"

interface Outgoing {
  readonly outgoing: { readonly id: number; state: string; window: number }
}

interface Protocol {
  readonly channelData: (id: number, data: Buffer) => void
  readonly channelEOF: (id: number) => void
  readonly exitStatus: (id: number, code: number) => void
}

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
 * Ends an SFTP session as sftp-server does; scp waits for it.
 *
 * @internal
 */
export const endSftp = (sftp: SFTPWrapper): void => {
  const own = sftp as SFTPWrapper & Outgoing & { readonly _protocol: Protocol }
  if (own.outgoing.state === "open") {
    own._protocol.exitStatus(own.outgoing.id, 0)
    own._protocol.channelEOF(own.outgoing.id)
  }
  sftp.end()
}

/**
 * Answers the first packet of an SFTP session with a list of extensions: ssh2 always names none.
 *
 * @internal
 */
export const announce = (sftp: SFTPWrapper, extensions: ReadonlyArray<string>): void => {
  const own = sftp as SFTPWrapper & Outgoing & {
    readonly _protocol: Protocol
    _version: number
    push: (data: Buffer | null) => void
  }
  const push = own.push
  let head = Buffer.alloc(0)
  own.push = (data) => {
    if (data === null) {
      own.push = push
      return push.call(sftp, null)
    }
    head = Buffer.concat([head, data])
    const end = head.length < 4 ? Number.POSITIVE_INFINITY : 4 + head.readUInt32BE(0)
    // 256 KiB is ssh2's own limit of a packet: it then reports the fault.
    if (head.length < end && head.length < 262_144) return
    own.push = push
    if (head.length < end || head[4] !== 1) return push.call(sftp, head)
    own._version = 3
    const text = (value: string) => {
      const bytes = Buffer.from(value)
      const length = Buffer.alloc(4)
      length.writeUInt32BE(bytes.length)
      return [length, bytes]
    }
    const body = Buffer.concat([
      Buffer.from([2, 0, 0, 0, 3]),
      ...extensions.flatMap((name) => [...text(name), ...text("1")])
    ])
    const reply = Buffer.concat([Buffer.alloc(4), body])
    reply.writeUInt32BE(body.length)
    own.outgoing.window -= reply.length
    own._protocol.channelData(own.outgoing.id, reply)
    if (head.length > end) push.call(sftp, head.subarray(end))
  }
}
