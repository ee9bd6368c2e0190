/**
 * HTTP clients whose connections are made from a host.
 *
 * @since 0.1.0
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import type * as HttpClient from "@effect/platform/HttpClient"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import type * as Scope from "effect/Scope"
import * as Http from "node:http"
import * as Https from "node:https"
import type { Duplex } from "node:stream"
import * as Tls from "node:tls"
import type { Address, SocketAddress } from "../services/SshConnection.ts"
import type { End } from "../services/Tunnel.ts"

type Connected = (error: Error | null, stream?: Duplex) => void
interface Destination {
  readonly host?: string | null | undefined
  readonly port?: number | string | null | undefined
}
type Dial = (to: Destination, connected: Connected) => void

/** A connection lives until it is closed, or the scope is. */
const makeDial = (runtime: End, to: SocketAddress | undefined): Effect.Effect<Dial, never, Scope.Scope> =>
  Effect.map(FiberSet.makeRuntime<never, void>(), (run) => ({ host, port }, connected) => {
    const address: Address = to ?? { address: host ?? "127.0.0.1", port: Number(port ?? 80) }
    run(
      runtime.connection.pipe(
        Effect.flatMap((connection) => connection.dial(address)),
        Effect.flatMap((duplex) =>
          Effect.async<void>((resume) => {
            duplex.once("close", () => resume(Effect.void))
            connected(null, duplex)
          })
        ),
        Effect.scoped,
        Effect.catchAll((error) => Effect.sync(() => connected(error)))
      )
    )
  })

/** Node's types know less of `createConnection` than its documentation: it may answer later, with any Duplex. */
const agentOf = (dial: Dial): Http.Agent =>
  Object.assign(new Http.Agent(), {
    createConnection: (options: Http.ClientRequestArgs, connected: Connected) => dial(options, connected)
  })

const secureAgentOf = (dial: Dial): Https.Agent =>
  Object.assign(new Https.Agent(), {
    createConnection: (options: Https.RequestOptions & Tls.ConnectionOptions, connected: Connected) =>
      dial(
        options,
        (error, stream) =>
          stream === undefined ? connected(error) : connected(null, Tls.connect({ ...options, socket: stream }))
      )
  })

const agents = (runtime: End, to: SocketAddress | undefined) =>
  Effect.flatMap(makeDial(runtime, to), (dial) =>
    Effect.acquireRelease(
      Effect.sync(() => ({ http: agentOf(dial), https: secureAgentOf(dial) })),
      ({ http, https }) =>
        Effect.sync(() => {
          http.destroy()
          https.destroy()
        })
    ))

/** @internal */
export const make = (
  runtime: End,
  to: SocketAddress | undefined
): Effect.Effect<HttpClient.HttpClient, never, Scope.Scope> =>
  Effect.flatMap(agents(runtime, to), (agents) =>
    Effect.provideService(NodeHttpClient.make, NodeHttpClient.HttpAgent, {
      [NodeHttpClient.HttpAgentTypeId]: NodeHttpClient.HttpAgentTypeId,
      ...agents
    }))
