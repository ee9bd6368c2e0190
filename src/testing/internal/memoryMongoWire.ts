/**
 * As much of MongoDB's protocol as a ping needs.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { Duplex } from "node:stream"

const headerSize = 16
const message = 2013

/** `{ ok: 1 }` in BSON. */
const ok = Buffer.from("11000000016f6b00000000000000f03f00", "hex")

const answerTo = (request: number): Buffer => {
  const head = Buffer.alloc(headerSize + 5)
  head.writeInt32LE(head.length + ok.length, 0)
  head.writeInt32LE(request, 8)
  head.writeInt32LE(message, 12)
  return Buffer.concat([head, ok])
}

/**
 * Answers each command of a connection with `{ ok: 1 }`, to its end.
 *
 * @internal
 */
export const serve = (connection: Duplex): Effect.Effect<void> =>
  Effect.async((resume) => {
    let rest = Buffer.alloc(0)
    connection.on("data", (chunk: Uint8Array) => {
      rest = Buffer.concat([rest, chunk])
      while (rest.length >= headerSize && rest.length >= rest.readInt32LE(0)) {
        connection.write(answerTo(rest.readInt32LE(4)))
        rest = rest.subarray(Math.max(headerSize, rest.readInt32LE(0)))
      }
    })
    connection.on("end", () => connection.end())
    connection.on("close", () => resume(Effect.void))
  })
