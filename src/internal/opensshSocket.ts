/**
 * A connection that the master passes on over a Unix socket. When a master dies, such a socket ends as if its peer had
 * ended it; here that is told apart.
 *
 * @since 0.1.0
 */
import type { Socket } from "node:net"
import { Duplex } from "node:stream"
import type { Link } from "./opensshLink.ts"
import { linkLost } from "./ssh2Errors.ts"

type Master = Pick<Link, "host" | "alive" | "whenLost">

class Forwarded extends Duplex {
  readonly #socket: Socket
  // A link that has gone tells so before there is anything to forget.
  #forget: () => void = () => {}
  constructor(link: Master, socket: Socket) {
    super({ allowHalfOpen: true })
    this.#socket = socket
    const unlessLost = (then: () => void) =>
      link.alive((lives) => lives ? then() : this.destroy(linkLost(link.host, "connection")))
    socket
      .on("data", (chunk: Buffer) => {
        if (!this.push(chunk)) socket.pause()
      })
      .on("end", () => unlessLost(() => void this.push(null)))
      .on("error", (cause) => unlessLost(() => void this.destroy(cause)))
    this.#forget = link.whenLost((error) => void this.destroy(error))
    this.on("error", () => {})
  }
  override _read(): void {
    this.#socket.resume()
  }
  override _write(chunk: Buffer, _: BufferEncoding, done: (error?: Error | null) => void): void {
    // What went wrong is told by the socket's own error, once it is known what it means.
    this.#socket.write(chunk, (cause) => cause ? undefined : done())
  }
  override _final(done: () => void): void {
    this.#socket.end(() => done())
  }
  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#forget()
    this.#socket.destroy()
    done(error)
  }
}

/**
 * A socket of the master as a stream: half closes pass, a lost link destroys it with an error.
 *
 * @internal
 */
export const make = (link: Master, socket: Socket): Duplex => new Forwarded(link, socket)
