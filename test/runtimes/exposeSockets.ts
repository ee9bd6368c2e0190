/** Programs at the ends of tunnels: servers and clients of this process, on real sockets. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as net from "node:net"
import type { Duplex } from "node:stream"

/** A server on loopback; its connections go with the scope. */
export const server = (
  handle: (socket: net.Socket) => void,
  at: net.ListenOptions = { port: 0 }
): Effect.Effect<number, never, Scope.Scope> =>
  Effect.gen(function*() {
    const sockets = new Set<net.Socket>()
    const listening = net.createServer({ allowHalfOpen: true }, (socket) => {
      sockets.add(socket.on("error", () => undefined).once("close", () => sockets.delete(socket)))
      handle(socket)
    })
    yield* Effect.addFinalizer(() =>
      Effect.async<void>((resume) => {
        for (const socket of sockets) socket.destroy()
        listening.close(() => resume(Effect.void))
      })
    )
    yield* Effect.async<void>((resume) => {
      listening.once("error", (cause) => resume(Effect.die(cause)))
      listening.listen({ host: "127.0.0.1", ...at }, () => resume(Effect.void))
    })
    const address = listening.address()
    return address === null || typeof address === "string" ? 0 : address.port
  })

/** Answers each connection, at its end, with what it was sent. */
export const echo = (prefix: string) => (socket: net.Socket) => {
  const got: Array<Buffer> = []
  socket.on("data", (chunk) => got.push(chunk)).on("end", () => socket.end(prefix + Buffer.concat(got).toString()))
}

export const client = (at: net.NetConnectOpts): Effect.Effect<net.Socket, Error, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => net.connect({ allowHalfOpen: true, ...at }).on("error", () => undefined)),
    (socket) => Effect.sync(() => socket.destroy())
  ).pipe(Effect.tap((socket) =>
    Effect.async<void, Error>((resume) => {
      socket.once("connect", () => resume(Effect.void)).once("error", (cause) => resume(Effect.fail(cause)))
    })
  ))

/** Half closes; all that comes back. */
export const ask = (socket: Duplex, text: string) =>
  Effect.async<string, Error>((resume) => {
    let got = ""
    socket
      .on("data", (chunk: Buffer) => {
        got += String(chunk)
      })
      .on("end", () => resume(Effect.succeed(got)))
      .on("error", (cause) => resume(Effect.fail(cause)))
      .end(text)
  })

export const askAt = (at: net.NetConnectOpts, text: string) =>
  Effect.scoped(Effect.flatMap(client(at), (socket) => ask(socket, text)))

export const isRefused = (at: net.NetConnectOpts) =>
  Effect.match(Effect.scoped(client(at)), { onFailure: () => true, onSuccess: () => false })
