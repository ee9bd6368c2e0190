/**
 * Ports and Unix sockets of a host as sockets of @effect/platform: what speaks over a `Socket` or serves a `SocketServer` works
 * through SSH.
 *
 * @since 0.1.0
 */
import * as Socket from "@effect/platform/Socket"
import * as SocketServer from "@effect/platform/SocketServer"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as hostSocket from "../internal/hostSocket.ts"
import * as hostSocketServer from "../internal/hostSocketServer.ts"
import type { Address } from "../services/SshConnection.ts"
import type { End } from "../services/Tunnel.ts"

/**
 * What a socket may be told.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** How long each connection has to be made, a wait for a lost link included. Default 30 seconds. */
  readonly openTimeout?: Duration.DurationInput | undefined
}

/**
 * What a server may be told.
 *
 * @since 0.1.0
 * @category models
 */
export interface ServerOptions {
  /** How long it tries to listen again after a lost link is back. Default 1 minute. */
  readonly healWithin?: Duration.DurationInput | undefined
}

/**
 * A socket to a port or Unix socket as the host sees it: `{ port: 6379 }`, `{ address: "db.lan", port: 5432 }`, `{ path: "/run/x.sock" }`.
 * It connects at each `run`, and disconnects when that ends; nothing is read while handlers are slow. Errors have the
 * `SshError` as cause: `Open` and `OpenTimeout` where it cannot connect, `Read` and `Write` where the link is lost. A writer
 * whose scope closes says that there is no more, and `run` goes on reading.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * import { Effect } from "effect"
 * import { Runtime, RuntimeSocket } from "lazycluster"
 *
 * const said = Effect.gen(function*() {
 *   const runtime = yield* Runtime.make("host-1")
 *   const socket = yield* RuntimeSocket.make(runtime, { port: 6379 })
 *   const write = yield* socket.writer
 *   yield* Effect.forkScoped(write("PING\r\n"))
 *   return yield* socket.run((bytes) => Effect.log(new TextDecoder().decode(bytes)))
 * }).pipe(Effect.scoped)
 */
export const make = (runtime: End, to: Address, options: Options = {}): Effect.Effect<Socket.Socket> =>
  Effect.sync(() => hostSocket.make(runtime, to, options.openTimeout ?? "30 seconds"))

/**
 * The same as the `Socket` of a program.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (runtime: End, to: Address, options: Options = {}): Layer.Layer<Socket.Socket> =>
  Layer.effect(Socket.Socket, make(runtime, to, options))

/**
 * A server that listens on the host and runs here: port 0 is any free one, `address` tells which. It listens when this
 * succeeds, and again after a lost link, on the same port; its scope frees the port and closes what is connected.
 * Fails with `SocketServerError` `Open`, whose cause is an `SshError` (`PortInUse`, `ForwardForbidden` …).
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * import { Effect } from "effect"
 * import { Runtime, RuntimeSocket } from "lazycluster"
 *
 * const echo = Effect.gen(function*() {
 *   const runtime = yield* Runtime.make("host-1")
 *   const server = yield* RuntimeSocket.server(runtime, { port: 7777 })
 *   return yield* server.run((socket) =>
 *     Effect.flatMap(socket.writer, (write) => socket.run((bytes) => write(bytes))).pipe(Effect.scoped)
 *   )
 * }).pipe(Effect.scoped)
 */
export const server = (
  runtime: End,
  at: Address,
  options: ServerOptions = {}
): Effect.Effect<SocketServer.SocketServer["Type"], SocketServer.SocketServerError, Scope.Scope> =>
  hostSocketServer.make(runtime, at, options.healWithin ?? "1 minute")

/**
 * The same as the `SocketServer` of a program.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerServer = (
  runtime: End,
  at: Address,
  options: ServerOptions = {}
): Layer.Layer<SocketServer.SocketServer, SocketServer.SocketServerError> =>
  Layer.scoped(SocketServer.SocketServer, server(runtime, at, options))
