/**
 * ssh2's SFTP client over any two streams: only here and in ssh2Channel.ts is touched what ssh2 (1.17) keeps to itself.
 *
 * @since 0.1.0
 */
import { createRequire } from "node:module"
import type { Readable, Writable } from "node:stream"
import type { SFTPWrapper } from "ssh2"

/** As ssh2 makes it: of the connection it only wants to send and to close, and to know who answers. */
type Own = SFTPWrapper & {
  _isOpenSSH: boolean
  readonly push: (data: Buffer | null) => void
  readonly _init: () => void
}
type Constructor = new(
  client: {
    readonly _protocol: {
      readonly _remoteIdentRaw: string
      readonly channelData: (id: number, data: Buffer) => void
      readonly channelClose: () => void
    }
  },
  channel: { readonly type: string; readonly incoming: object; readonly outgoing: object }
) => Own

const load = createRequire(import.meta.url) as (path: string) => { readonly SFTP: Constructor }

/**
 * A client that speaks at once and emits `ready` when it is answered.
 *
 * @internal
 */
export const over = (
  input: Writable,
  output: Readable,
  options: {
    /** With OpenSSH's larger packets, where that answers. */
    readonly software: string | undefined
    /** What it asks for when it is ended. */
    readonly close: () => void
    /** Tells when `output` has come to its own end. */
    readonly whenClosed: (tell: () => void) => void
  }
): SFTPWrapper => {
  const side = () => ({ id: 0, window: Number.POSITIVE_INFINITY, packetSize: Number.POSITIVE_INFINITY, state: "open" })
  const { SFTP } = load("ssh2/lib/protocol/SFTP.js")
  const sftp = new SFTP({
    _protocol: {
      _remoteIdentRaw: `SSH-2.0-${options.software ?? ""}`,
      channelData: (_, data) => void input.write(data),
      channelClose: options.close
    }
  }, { type: "session", incoming: side(), outgoing: side() })
  // The order of what a link is made of, which servers guess from the client: that is OpenSSH's, whoever answers.
  sftp._isOpenSSH = true
  output.on("data", (chunk: Buffer) => sftp.push(chunk))
  options.whenClosed(() => {
    sftp.push(null)
    sftp.emit("close")
  })
  sftp._init()
  return sftp
}
