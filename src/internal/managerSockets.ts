/**
 * The sockets of the machine that runs this program.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { chmodSync, lstatSync, unlinkSync } from "node:fs"
import * as net from "node:net"
import * as process from "node:process"
import type { Duplex } from "node:stream"
import { manager } from "../services/Host.ts"
import type { Address, Listener } from "../services/SshConnection.ts"
import { SshError } from "../services/SshError.ts"
import * as arrivals from "./arrivals.ts"
import * as socketPath from "./socketPath.ts"

const codeOf = (cause: Error): string => "code" in cause ? String(cause.code) : ""

const dialError = (to: Address) => (cause: Error): SshError =>
  new SshError({
    reason: "ForwardRefused",
    host: manager.alias,
    step: "dial",
    detail: `${socketPath.render(to)}: ${cause.message}`,
    hint: "does the program listen there yet?",
    cause
  })

const listenError = (at: Address) => (cause: Error): SshError => {
  const taken = codeOf(cause) === "EADDRINUSE"
  return new SshError({
    reason: taken ? "PortInUse" : "ForwardForbidden",
    host: manager.alias,
    step: "listen",
    detail: taken ? `${socketPath.render(at)} is taken` : `${socketPath.render(at)}: ${cause.message}`,
    hint: !taken
      ? "may this user bind there? Ports below 1024 are the system's, and a socket needs a directory that can be written"
      : socketPath.isSocket(at)
      ? `choose another path, or remove ${at.path} when nothing uses it`
      : `choose another port, or 0 for any; ss -ltnp 'sport = :${at.port}' shows who holds this one`,
    cause
  })
}

const checked = (step: string, at: Address) =>
  socketPath.isSocket(at) ? socketPath.check(manager.alias, step, at) : Effect.void

/**
 * Connects to an address of this machine, or that it can reach.
 *
 * @internal
 */
export const dial = Effect.fnUntraced(function*(to: Address): Effect.fn.Return<Duplex, SshError, Scope.Scope> {
  yield* checked("dial", to)
  const socket = yield* Effect.acquireRelease(
    // An "error" event without a listener would end this program.
    Effect.sync(() => new net.Socket({ allowHalfOpen: true }).setNoDelay(true).on("error", () => undefined)),
    (socket) => Effect.sync(() => void socket.destroy())
  )
  yield* Effect.async<void, SshError>((resume) => {
    socket
      .once("connect", () => resume(Effect.void))
      .once("error", (cause) => resume(Effect.fail(dialError(to)(cause))))
    if (socketPath.isSocket(to)) socket.connect(to.path)
    else socket.connect(to.port, to.address ?? "127.0.0.1")
  })
  return socket
})

/** A socket of this user that nobody listens on: what a program that was killed leaves. Gone when this succeeds. */
const removeDead = (at: Address, error: SshError): Effect.Effect<void, SshError> =>
  Effect.gen(function*() {
    if (!socketPath.isSocket(at) || error.reason !== "PortInUse") return yield* error
    const stat = yield* Effect.try({ try: () => lstatSync(at.path), catch: () => error })
    if (!stat.isSocket() || stat.uid !== process.getuid?.()) return yield* error
    const answer = yield* Effect.scoped(Effect.flip(dial(at))).pipe(Effect.mapError(() => error))
    if (!(answer.cause instanceof Error) || codeOf(answer.cause) !== "ECONNREFUSED") return yield* error
    yield* Effect.try({ try: () => unlinkSync(at.path), catch: () => error })
  })

const bind = (server: net.Server, at: Address) =>
  Effect.async<void, SshError>((resume) => {
    const failed = (cause: Error) => resume(Effect.fail(listenError(at)(cause)))
    // Stays: an "error" event without a listener would end this program.
    server.on("error", failed)
    const listening = () => resume(Effect.void)
    if (!socketPath.isSocket(at)) return void server.listen(at.port, at.address ?? "127.0.0.1", listening)
    server.listen(at.path, listening)
    // Bound in this very turn, and nobody has been let in yet.
    if (server.listening) chmodSync(at.path, 0o600)
  })

/**
 * Listens on this machine.
 *
 * @internal
 */
export const listen = Effect.fnUntraced(function*(at: Address): Effect.fn.Return<Listener, SshError, Scope.Scope> {
  yield* checked("listen", at)
  const { offer, taken } = yield* arrivals.make
  const server = yield* Effect.acquireRelease(
    Effect.sync(() =>
      net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
        socket.on("error", () => undefined)
        if (!offer(socket)) socket.destroy()
      })
    ),
    // The port is free and the file gone at once; connections that were taken belong to their takers.
    (server) => Effect.sync(() => void server.close(() => undefined))
  )
  yield* Effect.catchAll(
    bind(server, at),
    (error) => Effect.zipRight(removeDead(at, error), bind(server, at))
  )
  const bound = server.address()
  return { port: bound === null || typeof bound === "string" ? 0 : bound.port, connections: taken }
})
