/**
 * HTTP through SSH: a client whose requests go out from a host, and a server that a host's port leads to.
 *
 * @since 0.1.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpServer from "@effect/platform/HttpServer"
import type { ServeError } from "@effect/platform/HttpServerError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { Address, SocketAddress } from "../services/SshConnection.ts"
import type { End } from "../services/Tunnel.ts"
import type { ServerOptions } from "./RuntimeSocket.ts"

// Loaded by those who use them: undici and ws are a third of what this package takes to load.
const clients = Effect.promise(() => import("../internal/hostHttpClient.ts"))
const servers = Effect.promise(() => import("../internal/hostHttpServer.ts"))

/**
 * What a client may be told.
 *
 * @since 0.1.0
 * @category models
 */
export interface ClientOptions {
  /** All requests go to this Unix socket of the host, whatever host and port their URLs name. */
  readonly to?: SocketAddress | undefined
}

/**
 * An HttpClient whose requests are made from the host: `http://localhost:8080` is the host's own port, and names are
 * looked up there. `https` is TLS between this program and the server. Its scope closes its connections.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * import { Effect } from "effect"
 * import { Runtime, RuntimeHttp } from "lazycluster"
 *
 * const page = Effect.gen(function*() {
 *   const runtime = yield* Runtime.make("host-1")
 *   const http = yield* RuntimeHttp.client(runtime)
 *   const response = yield* http.get("http://localhost:8787/health")
 *   return yield* response.text
 * }).pipe(Effect.scoped)
 */
export const client = (
  runtime: End,
  options: ClientOptions = {}
): Effect.Effect<HttpClient.HttpClient, never, Scope.Scope> =>
  Effect.flatMap(clients, ({ make }) => make(runtime, options.to))

/**
 * The same as the `HttpClient` of a program.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerClient = (runtime: End, options: ClientOptions = {}): Layer.Layer<HttpClient.HttpClient> =>
  Layer.scoped(HttpClient.HttpClient, client(runtime, options))

/**
 * An HttpServer that listens on the host and runs here, as `RuntimeSocket.server` does.
 *
 * @since 0.1.0
 * @category constructors
 */
export const server = (
  runtime: End,
  at: Address,
  options: ServerOptions = {}
): Effect.Effect<HttpServer.HttpServer, ServeError, Scope.Scope> =>
  Effect.flatMap(servers, ({ make }) => make(runtime, at, options.healWithin ?? "1 minute"))

/**
 * The same as the `HttpServer` of a program.
 *
 * @since 0.1.0
 * @category layers
 * @example
 * import { HttpRouter, HttpServer, HttpServerResponse } from "@effect/platform"
 * import { Effect, Layer } from "effect"
 * import { Runtime, RuntimeHttp } from "lazycluster"
 *
 * const served = Effect.gen(function*() {
 *   const runtime = yield* Runtime.make("host-1")
 *   const app = HttpRouter.empty.pipe(HttpRouter.get("/", HttpServerResponse.text("from the manager")))
 *   return yield* Layer.launch(
 *     HttpServer.serve(app).pipe(Layer.provide(RuntimeHttp.layerServer(runtime, { port: 8080 })))
 *   )
 * }).pipe(Effect.scoped)
 */
export const layerServer = (
  runtime: End,
  at: Address,
  options: ServerOptions = {}
): Layer.Layer<HttpServer.HttpServer, ServeError> => Layer.scoped(HttpServer.HttpServer, server(runtime, at, options))
