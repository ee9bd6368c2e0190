/**
 * Lines over a connection in memory: how the stand-ins of engines speak with one another.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Duplex } from "node:stream"

/** @internal */
export interface Lines {
  readonly send: (message: unknown) => void
  /** A line as it is. */
  readonly pass: (line: string) => void
  /** To the end of the connection, however it ends. */
  readonly received: Stream.Stream<string>
  readonly close: () => void
}

/** @internal */
export const over = (connection: Duplex): Lines => {
  const pass = (line: string) => {
    if (!connection.destroyed && !connection.writableEnded) connection.write(`${line}\n`)
  }
  return {
    pass,
    send: (message) => pass(JSON.stringify(message)),
    received: Stream.asyncPush<string>((emit) =>
      Effect.acquireRelease(
        Effect.sync(() => {
          let rest = ""
          const take = (text: string) => {
            const lines = (rest + text).split("\n")
            rest = lines.pop() ?? ""
            lines.forEach((line) => emit.single(line))
          }
          const end = () => emit.end()
          connection.setEncoding("utf8")
          connection.on("data", take).on("end", end).on("close", end)
          return { take, end }
        }),
        ({ end, take }) => Effect.sync(() => connection.off("data", take).off("end", end).off("close", end))
      ), { bufferSize: "unbounded" }),
    close: () => {
      connection.end()
    }
  }
}
