/**
 * What every transport does with more bytes than any buffer holds.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { SshConnection } from "../../services/SshConnection.ts"
import type { Case } from "../SshConformance.ts"
import { holds, make, same, sameBytes } from "./conformanceCase.ts"
import * as Run from "./conformanceRun.ts"

const megabyte = 1024 * 1024
const block = 65_536

/** There and back, with what it has said on the other output and how it ended. */
const copied = (connection: SshConnection, sent: Uint8Array) =>
  Effect.scoped(Effect.gen(function*() {
    const process = yield* Run.start(connection, "copy")
    const [, stdout, stderr, status] = yield* Effect.all([
      Effect.zipRight(Effect.forEach(Run.pieces(sent, block), process.write, { discard: true }), process.endInput),
      Run.bytes(process.stdout),
      Run.bytes(process.stderr),
      process.exit
    ], { concurrency: 4 })
    yield* sameBytes("standard output", stdout, sent)
    yield* same("the rest", [stderr.toString(), status], ["done\n", { code: 0 }])
  }))

/** @internal */
export const cases: ReadonlyArray<Case> = [
  make("twenty megabytes go there and come back at once", [], ({ connect }) =>
    Effect.gen(function*() {
      yield* copied(yield* connect, Run.data(20 * megabyte))
    })),

  make(
    "output that nobody reads holds its program back, and nothing beside it",
    [],
    ({ connect }) =>
      Effect.gen(function*() {
        const connection = yield* connect
        const process = yield* Run.startLasting(connection, "zeros", "1600")
        const read = yield* process.stdout.pipe(
          Stream.runFoldWhileEffect(0, (size) => size < megabyte, (size, chunk) => Effect.succeed(size + chunk.length))
        )
        yield* copied(connection, Run.data(megabyte))
        yield* holds("what a reader of a megabyte has got", read < 16 * megabyte, "less than 16 MiB", read)
        // Time enough for whoever reads on to come to its end.
        const early = yield* Effect.timeoutOption(process.exit, "1500 millis")
        yield* holds(
          "the program",
          Option.isNone(early),
          "held back",
          "it has ended: a hundred megabytes went to nobody"
        )
        const rest = yield* Stream.runFold(process.stdout, read, (size, chunk) => size + chunk.length)
        yield* same("all that came", rest, 1600 * block)
        yield* same("the exit status", yield* process.exit, { code: 0 })
      })
  ),

  make("input that nobody reads holds its writer back", [], ({ connect }) =>
    Effect.gen(function*() {
      const connection = yield* connect
      const process = yield* Run.startLasting(connection, "deaf")
      yield* Stream.runHead(process.stdout)
      const writing = yield* Effect.fork(
        Effect.forEach(Run.pieces(Buffer.alloc(64 * megabyte), block), process.write, { discard: true })
      )
      yield* Run.run(connection, "say", "", "", "0")
      const early = yield* Fiber.poll(writing)
      yield* holds("the writer", Option.isNone(early), "held back", "64 MiB went to nobody")
      yield* Fiber.interrupt(writing)
    }))
]
