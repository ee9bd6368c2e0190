/**
 * Two ends of one TCP connection, without TCP.
 *
 * @since 0.1.0
 */
import { Duplex } from "node:stream"
import type { Way } from "./memoryWay.ts"

/** What a closed socket says to its writer. */
const reset = () => Object.assign(new Error("write ECONNRESET"), { code: "ECONNRESET" })

class End extends Duplex {
  peer: End | undefined
  private taken: (() => void) | undefined
  private readonly ways: ReadonlyArray<Way>

  constructor(ways: ReadonlyArray<Way>) {
    super({ allowHalfOpen: true })
    this.ways = ways
    // Whoever holds this end may not listen: a broken connection must not end the process.
    this.on("error", () => undefined)
  }

  private pass(bytes: number, go: () => void, [way, ...others] = this.ways): void {
    if (way === undefined) go()
    else way.pass(bytes, () => this.pass(bytes, go, others))
  }

  override _read(): void {
    const taken = this.taken
    this.taken = undefined
    taken?.()
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    this.pass(chunk.length, () => {
      const peer = this.peer
      if (peer === undefined || peer.destroyed) return done(reset())
      // Done only when the other end wants more: back-pressure passes through.
      if (peer.push(chunk)) done()
      else peer.taken = done
    })
  }

  override _final(done: (error?: Error) => void): void {
    this.pass(0, () => {
      this.peer?.push(null)
      done()
    })
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    const { peer, taken } = this
    this.taken = undefined
    taken?.()
    if (peer !== undefined && !peer.destroyed) {
      this.pass(0, () => {
        if (error !== null) peer.destroy(error)
        else if (!this.writableFinished && !peer.readableEnded) peer.push(null)
      })
    }
    done(error)
  }
}

/**
 * Each way holds back what passes it, in both directions.
 *
 * @internal
 */
export const pair = (ways: ReadonlyArray<Way>): readonly [Duplex, Duplex] => {
  const one = new End(ways)
  const other = new End(ways)
  one.peer = other
  other.peer = one
  return [one, other]
}

/**
 * Closes a connection: at once for whoever closes, with an error where the link is lost.
 *
 * @internal
 */
export const destroy = (end: Duplex, error?: Error): void => {
  if (!end.destroyed) end.destroy(error)
}
