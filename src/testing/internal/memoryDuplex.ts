/**
 * Two ends of one TCP connection, without TCP.
 *
 * @since 0.1.0
 */
import { Duplex } from "node:stream"
import type { Gate } from "./memoryGate.ts"

/** What a closed socket says to its writer. */
const reset = () => Object.assign(new Error("write ECONNRESET"), { code: "ECONNRESET" })

class End extends Duplex {
  peer: End | undefined
  private taken: (() => void) | undefined
  private readonly gates: ReadonlyArray<Gate>

  constructor(gates: ReadonlyArray<Gate>) {
    super({ allowHalfOpen: true })
    this.gates = gates
    // Whoever holds this end may not listen: a broken connection must not end the process.
    this.on("error", () => undefined)
  }

  private pass(go: () => void): void {
    const shut = this.gates.find((gate) => !gate.isOpen())
    if (shut === undefined) go()
    else shut.whenOpen(() => this.pass(go))
  }

  override _read(): void {
    const taken = this.taken
    this.taken = undefined
    taken?.()
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    this.pass(() => {
      const peer = this.peer
      if (peer === undefined || peer.destroyed) return done(reset())
      // Done only when the other end wants more: back-pressure passes through.
      if (peer.push(chunk)) done()
      else peer.taken = done
    })
  }

  override _final(done: (error?: Error) => void): void {
    this.pass(() => {
      this.peer?.push(null)
      done()
    })
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    const { peer, taken } = this
    this.taken = undefined
    taken?.()
    if (peer !== undefined && !peer.destroyed) {
      this.pass(() => {
        if (error !== null) peer.destroy(error)
        else if (!this.writableFinished && !peer.readableEnded) peer.push(null)
      })
    }
    done(error)
  }
}

/**
 * Each gate holds back what passes it, in both directions.
 *
 * @internal
 */
export const pair = (gates: ReadonlyArray<Gate>): readonly [Duplex, Duplex] => {
  const one = new End(gates)
  const other = new End(gates)
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
