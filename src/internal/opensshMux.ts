/**
 * What OpenSSH's client is asked over its control socket, as its PROTOCOL.mux has it: whether it lives, and forwards. New
 * sessions need descriptors passed over the socket, which Node cannot do: these are `ssh -S` processes.
 *
 * @since 0.1.0
 */
import { connect } from "node:net"
import type { Address } from "../services/SshConnection.ts"

const hello = 0x00000001
const version = 4
const aliveCheck = 0x10000004
const openForward = 0x10000006
const closeForward = 0x10000007
const ok = 0x80000001
const denied = 0x80000002
const failure = 0x80000003
const isAlive = 0x80000005
const remotePort = 0x80000007

/** What stands for a port where there is a path: -2. */
const noPort = 0xfffffffe
const local = 1
const remote = 2
/** Every answer is short. */
const largest = 65_536

/**
 * `gone` where no master answers.
 *
 * @internal
 */
export type Answer =
  | { readonly _tag: "done"; readonly port: number }
  | { readonly _tag: "refused"; readonly why: string }
  | { readonly _tag: "gone" }

const word = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

const text = (value: string): Buffer => {
  const bytes = Buffer.from(value)
  return Buffer.concat([word(bytes.length), bytes])
}

const place = (address: Address): Buffer =>
  "path" in address
    ? Buffer.concat([text(address.path), word(noPort)])
    : Buffer.concat([text(address.address ?? "127.0.0.1"), word(address.port)])

const packet = (payload: Buffer): Buffer => Buffer.concat([word(payload.length), payload])

const forward = (type: number, kind: number, from: Address, to: Address): Buffer =>
  Buffer.concat([word(type), word(0), word(kind), place(from), place(to)])

/**
 * A forward, as both its ends see it: where the master listens and the host dials, or the other way round.
 *
 * @internal
 */
export interface Forward {
  readonly direction: "local" | "remote"
  readonly from: Address
  readonly to: Address
}

const kindOf = ({ direction }: Forward): number => direction === "local" ? local : remote

/**
 * The question whether it lives.
 *
 * @internal
 */
export const alive: Buffer = Buffer.concat([word(aliveCheck), word(0)])

/**
 * The request for a forward, and the one for its end.
 *
 * @internal
 */
export const open = (one: Forward): Buffer => forward(openForward, kindOf(one), one.from, one.to)
/** @internal */
export const close = (one: Forward): Buffer => forward(closeForward, kindOf(one), one.from, one.to)

/** The answer that a packet is; what comes before it (the greeting) is none. */
const answerOf = (payload: Buffer): Answer | undefined => {
  const type = payload.length < 4 ? hello : payload.readUInt32BE(0)
  switch (type) {
    case ok:
    case isAlive:
      return { _tag: "done", port: 0 }
    case remotePort:
      return payload.length < 12 ? { _tag: "gone" } : { _tag: "done", port: payload.readUInt32BE(8) }
    case denied:
    case failure:
      return { _tag: "refused", why: payload.subarray(12).toString("utf8") }
    default:
      return undefined
  }
}

/**
 * Asks one question over a connection of its own. What comes back gives up.
 *
 * @internal
 */
export const ask = (path: string, request: Buffer, done: (answer: Answer) => void): () => void => {
  let over = false
  let heard = Buffer.alloc(0)
  const socket = connect(path)
  const end = (answer?: Answer): void => {
    if (over) return
    over = true
    socket.destroy()
    if (answer !== undefined) done(answer)
  }
  socket
    .on("error", () => end({ _tag: "gone" }))
    .on("close", () => end({ _tag: "gone" }))
    .on("data", (chunk: Buffer) => {
      heard = Buffer.concat([heard, chunk])
      while (heard.length >= 4) {
        const length = heard.readUInt32BE(0)
        if (length > largest) return end({ _tag: "gone" })
        if (heard.length < 4 + length) return
        const answer = answerOf(heard.subarray(4, 4 + length))
        if (answer !== undefined) return end(answer)
        heard = heard.subarray(4 + length)
      }
    })
    .write(Buffer.concat([packet(Buffer.concat([word(hello), word(version)])), packet(request)]))
  return () => end()
}

/** A master that has no room for one more connection at this moment is none that has gone. */
const tries = 20
const pause = 50

/**
 * Whether a master lives. Where it does not answer it is asked again, until `gone` says that it has ended, or for a second.
 *
 * @internal
 */
export const lives = (path: string, gone: () => boolean, tell: (lives: boolean) => void, left = tries): void =>
  void ask(path, alive, (answer) => {
    if (answer._tag === "done") return tell(true)
    if (gone() || left === 0) return tell(false)
    // In a callback of a socket, where no fiber is.
    // @effect-diagnostics-next-line globalTimers:off
    return void setTimeout(() => gone() ? tell(false) : lives(path, gone, tell, left - 1), pause)
  })
