/**
 * Small questions to the host of a runtime.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { SshError } from "../services/SshError.ts"
import type { Runtime } from "./Runtime.ts"

/** @internal */
export const echo = (self: Runtime, text: string): Effect.Effect<string, SshError> =>
  Effect.gen(function*() {
    const process = yield* self.exec({ argv: ["cat"] })
    const [said] = yield* Effect.all([
      Stream.mkString(Stream.decodeText(process.stdout)),
      Effect.zipRight(process.write(text), process.endInput),
      Stream.runDrain(process.stderr)
    ], { concurrency: "unbounded" })
    return said
  }).pipe(Effect.scoped)

/** All are bound at once, so that no port is given twice. */
export const free = (self: Runtime, count: number): Effect.Effect<ReadonlyArray<number>, SshError> =>
  Effect.flatMap(
    self.connection,
    (connection) =>
      Effect.forEach(Array.from({ length: count }), () =>
        Effect.map(connection.listen({ port: 0 }), ({ port }) => port), {
        concurrency: 8
      })
  ).pipe(Effect.scoped)
