/**
 * A stand-in for an HTTP server: one request a connection, as probes make them.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { Duplex } from "node:stream"
import * as pulled from "../../internal/pulled.ts"
import type { HttpRequest, HttpResponse } from "../InMemoryHost.ts"
import { bytesOf, concat } from "./memoryPipe.ts"

const headEnd = "\r\n\r\n"

const requestOf = (text: string): HttpRequest | undefined => {
  const end = text.indexOf(headEnd)
  if (end < 0) return undefined
  const [line = "", ...headers] = text.slice(0, end).split("\r\n")
  const [method = "", path = ""] = line.split(" ")
  const length = headers.map((header) => /^content-length:\s*(\d+)/i.exec(header)?.[1]).find((value) =>
    value !== undefined
  )
  const body = text.slice(end + headEnd.length)
  return body.length < Number(length ?? 0) ? undefined : { method, path, body }
}

const read = (connection: Duplex): Effect.Effect<HttpRequest> =>
  Effect.async((resume) => {
    let bytes: Uint8Array = new Uint8Array()
    const take = (chunk: Uint8Array) => {
      bytes = concat([bytes, chunk])
      // Bodies are counted in bytes.
      const request = requestOf(Buffer.from(bytes).toString("latin1"))
      if (request === undefined) return
      connection.off("data", take)
      resume(Effect.succeed({ ...request, body: Buffer.from(request.body, "latin1").toString("utf8") }))
    }
    connection.on("data", take)
    return Effect.sync(() => connection.off("data", take))
  })

const write = (connection: Duplex, response: HttpResponse): Effect.Effect<void> =>
  Effect.sync(() => {
    const body = bytesOf(response.body)
    connection.end(concat([
      bytesOf(
        `HTTP/1.1 ${response.status ?? 200} Answer\r\ncontent-type: ${response.type ?? "text/plain"}\r\n` +
          `content-length: ${body.length}\r\nconnection: close\r\n\r\n`
      ),
      body
    ]))
  })

/** @internal */
export const serve = <E>(
  connections: Stream.Stream<Duplex, E>,
  answer: (request: HttpRequest) => Effect.Effect<HttpResponse>
): Effect.Effect<void, E> =>
  pulled.forEach(connections, (connection) =>
    read(connection).pipe(
      Effect.flatMap(answer),
      Effect.flatMap((response) => write(connection, response)),
      Effect.fork
    ))
