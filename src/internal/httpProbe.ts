/**
 * One HTTP request over a byte stream: enough for a health check, which must go through a connection and not beside it.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { Duplex } from "./duplex.ts"

/** What a probe reads at the most. */
const mostBytes = 64 * 1024

/**
 * The status and the text of `GET path`, or why there is none.
 *
 * @internal
 */
export const get = (
  stream: Duplex,
  path: string
): Effect.Effect<{ readonly status: number; readonly text: string }, { readonly detail: string }> =>
  Effect.async((resume) => {
    let said = ""
    const fail = (detail: string) => resume(Effect.fail({ detail }))
    const done = () => {
      const status = /^HTTP\/1\.[01] (\d{3})/.exec(said)?.[1]
      return status === undefined
        ? fail("what answers is not HTTP")
        : resume(Effect.succeed({ status: Number(status), text: said.slice(said.indexOf("\r\n\r\n") + 4) }))
    }
    stream.setEncoding("utf8")
    stream.on("data", (text: string) => {
      said += text
      if (said.length > mostBytes) stream.destroy()
    })
    stream.on("end", done)
    stream.on("close", done)
    stream.on("error", (cause: Error) => fail(cause.message))
    stream.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`)
    return Effect.sync(() => stream.destroy())
  })
