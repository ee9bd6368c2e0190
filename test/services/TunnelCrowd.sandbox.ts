import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type * as net from "node:net"
import * as managerConnection from "../../src/internal/managerConnection.ts"
import { manager } from "../../src/services/Host.ts"
import * as Tunnel from "../../src/services/Tunnel.ts"
import { eventually } from "../patience.ts"
import { client, server } from "../runtimes/exposeSockets.ts"

/** More than a tunnel passes at a time. */
const crowd = 600

describe("a tunnel that many stand at", () => {
  it.scopedLive(
    "closes all of them with its scope, also those that it has not passed on yet",
    () =>
      Effect.gen(function*() {
        const accepted = new Set<net.Socket>()
        const target = yield* server((socket) => accepted.add(socket))
        const end: Tunnel.End = {
          host: manager,
          connection: yield* Effect.map(managerConnection.make(), Effect.succeed)
        }
        const scope = yield* Scope.make()
        const { port } = yield* Scope.extend(
          Tunnel.make({ from: end, at: { port: 0 }, to: end, target: { port: target } }),
          scope
        )
        const closed = new Set<net.Socket>()
        yield* Effect.forEach(
          Array.from({ length: crowd }),
          () =>
            Effect.map(client({ port }), (socket) =>
              socket.resume().once("end", () => closed.add(socket)).once("close", () => closed.add(socket))),
          // The kernel lets no more than 511 wait.
          { concurrency: 50, discard: true }
        )
        yield* eventually(Effect.sync(() =>
          assert.strictEqual(accepted.size, 512)
        ))
        yield* Scope.close(scope, Exit.void)
        yield* eventually(Effect.sync(() => assert.strictEqual(closed.size, crowd)))
      }),
    60_000
  )
})
