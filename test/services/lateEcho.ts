/** A server on port 7 of a host in memory. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Handler } from "../../src/testing/InMemoryHost.ts"

/** Answers each connection, at its end, with all that it got. */
export const lateEcho: Handler = ({ listen }) =>
  Effect.orDie(
    Effect.flatMap(listen({ port: 7 }), ({ connections }) =>
      Stream.runForEach(connections, (socket) =>
        Effect.sync(() => {
          const got: Array<Buffer> = []
          socket.on("data", (chunk: Buffer) =>
            got.push(chunk))
          socket.on("end", () => socket.end(Buffer.concat(got)))
        })))
  ).pipe(Effect.as(0))
