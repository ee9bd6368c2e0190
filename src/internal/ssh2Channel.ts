/**
 * ssh2's channels as Node's streams should be: only here is touched what ssh2 (1.17) keeps to itself.
 *
 * @since 0.1.0
 */
import { Duplex } from "node:stream"
import type { ClientChannel } from "ssh2"
import type { SshError } from "../services/SshError.ts"
import type { Link } from "./ssh2Link.ts"

type Own = ClientChannel & { readonly incoming: { readonly state: string } }

/**
 * Ends a channel whose link has gone with an error: ssh2 would let it look like a clean end. One that had come to its own
 * end keeps what nobody has read yet.
 *
 * @internal
 */
export const cut = (channel: ClientChannel, error: SshError): void => {
  if ((channel as Own).incoming.state !== "open") return
  Duplex.prototype.destroy.call(channel, error)
  channel.stderr.on("error", () => {}).destroy(error)
}

/**
 * A channel that behaves as a socket: `destroy` ends it at once, read or not, and a lost link destroys it with an error.
 * ssh2's own `destroy` closes the channel, but the stream then waits until somebody has read it to its end.
 *
 * @internal
 */
export const asSocket = (link: Link, channel: ClientChannel): ClientChannel => {
  const forget = link.whenLost((error) => cut(channel, error))
  return Object.assign(channel.on("error", () => {}).once("close", forget), {
    destroy: (cause?: Error) => {
      channel.close()
      Duplex.prototype.destroy.call(channel, cause)
      return channel
    }
  })
}
