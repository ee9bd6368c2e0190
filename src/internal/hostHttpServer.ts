/**
 * An HTTP server of this program that listens on a host.
 *
 * @since 0.1.0
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import type * as HttpServer from "@effect/platform/HttpServer"
import { ServeError } from "@effect/platform/HttpServerError"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

import type * as Scope from "effect/Scope"
import * as Http from "node:http"
import type { Address } from "../services/SshConnection.ts"
import type { End } from "../services/Tunnel.ts"
import type { Duplex } from "./duplex.ts"
import * as heldListener from "./heldListener.ts"
import * as socketPath from "./socketPath.ts"

/** One that listens nowhere: connections are given to it, as Node allows. */
const serverOf = (at: Address, port: number): Http.Server => {
  const server = Http.createServer()
  const address = socketPath.isSocket(at)
    ? at.path
    : { address: at.address ?? "127.0.0.1", family: "IPv4", port }
  return Object.assign(server, {
    address: () => address,
    listen: (_options: unknown, listening: () => void) => {
      listening()
      return server
    }
  })
}

/** @internal */
export const make = Effect.fnUntraced(function*(
  runtime: End,
  at: Address,
  healWithin: Duration.DurationInput
): Effect.fn.Return<HttpServer.HttpServer, ServeError, Scope.Scope> {
  let server: Http.Server | undefined
  const give = (duplex: Duplex) =>
    Effect.async<void>((resume) => {
      duplex.on("error", () => undefined).once("close", () => resume(Effect.void))
      server?.emit("connection", duplex)
    })
  const early = yield* Effect.makeLatch(false)
  const { port } = yield* heldListener.make({
    from: runtime,
    at,
    with: [],
    what: `the HTTP server on ${socketPath.render(at)} of ${runtime.host.alias}`,
    pass: (duplex) => early.whenOpen(give(duplex)),
    healWithin
  }).pipe(Effect.mapError((cause) => new ServeError({ cause })))
  const made = serverOf(at, port)
  const served = yield* NodeHttpServer.make(() => made, {})
  server = made
  yield* early.open
  return served
})
