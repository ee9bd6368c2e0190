/**
 * The sockets of the machine that runs this program.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as net from "node:net"
import type { Duplex } from "node:stream"
import { manager } from "../services/Host.ts"
import type { Address, Listener } from "../services/SshConnection.ts"
import { SshError } from "../services/SshError.ts"

const addressOf = (address: Address): string => `${address.address ?? "127.0.0.1"} port ${address.port}`

const dialError = (to: Address) => (cause: Error): SshError =>
  new SshError({
    reason: "ForwardRefused",
    host: manager.alias,
    step: "dial",
    detail: `${addressOf(to)}: ${cause.message}`,
    cause
  })

const listenError = (at: Address) => (cause: Error): SshError => {
  const taken = "code" in cause && cause.code === "EADDRINUSE"
  return new SshError({
    reason: taken ? "PortInUse" : "ForwardRefused",
    host: manager.alias,
    step: "listen",
    detail: taken ? `${addressOf(at)} is taken` : `${addressOf(at)}: ${cause.message}`,
    hint: taken ? "choose another port, or 0 for any" : undefined,
    cause
  })
}

/**
 * Connects to an address of this machine, or that it can reach.
 *
 * @internal
 */
export const dial = Effect.fnUntraced(function*(to: Address): Effect.fn.Return<Duplex, SshError, Scope.Scope> {
  const socket = yield* Effect.acquireRelease(
    // An "error" event without a listener would end this program.
    Effect.sync(() => new net.Socket({ allowHalfOpen: true }).setNoDelay(true).on("error", () => undefined)),
    (socket) => Effect.sync(() => void socket.destroy())
  )
  yield* Effect.async<void, SshError>((resume) => {
    socket
      .once("connect", () => resume(Effect.void))
      .once("error", (cause) => resume(Effect.fail(dialError(to)(cause))))
      .connect(to.port, to.address ?? "127.0.0.1")
  })
  return socket
})

/** As many connections wait to be taken as the kernel lets wait. */
const waiting = 511

/**
 * Listens on this machine.
 *
 * @internal
 */
export const listen = Effect.fnUntraced(function*(at: Address): Effect.fn.Return<Listener, SshError, Scope.Scope> {
  const arrived = yield* Effect.acquireRelease(
    Queue.dropping<net.Socket>(waiting),
    (queue) =>
      Queue.takeAll(queue).pipe(
        Effect.flatMap(Effect.forEach((socket) => Effect.sync(() => socket.destroy()))),
        Effect.zipRight(Queue.shutdown(queue))
      )
  )
  const server = yield* Effect.acquireRelease(
    Effect.sync(() =>
      net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
        socket.on("error", () => undefined)
        if (!Queue.unsafeOffer(arrived, socket)) socket.destroy()
      })
    ),
    // The port is free at once; connections that were taken belong to their takers.
    (server) => Effect.sync(() => void server.close(() => undefined))
  )
  yield* Effect.async<void, SshError>((resume) => {
    server
      .on("error", (cause) => resume(Effect.fail(listenError(at)(cause))))
      .listen(at.port, at.address ?? "127.0.0.1", () => resume(Effect.void))
  })
  const bound = server.address()
  return {
    port: bound === null || typeof bound === "string" ? at.port : bound.port,
    connections: Stream.fromQueue(arrived)
  }
})
