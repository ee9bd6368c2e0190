/**
 * How cases of the conformance suite run programs and move bytes.
 *
 * @since 0.1.0
 */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Duplex } from "node:stream"
import * as programs from "../../internal/programs.ts"
import type { ExitStatus, Invocation, RemoteProcess, SshConnection } from "../../services/SshConnection.ts"
import type { SshError } from "../../services/SshError.ts"
import { Mismatch } from "./conformanceMismatch.ts"

/**
 * What the program of the suite does there, by its first word.
 *
 * @internal
 */
export const invocation = (...words: ReadonlyArray<string>): Effect.Effect<Invocation> =>
  Effect.map(programs.load("conformance", "sh"), (program) => ({ program, words }))

/** @internal */
export const start = (
  connection: SshConnection,
  ...words: ReadonlyArray<string>
): Effect.Effect<RemoteProcess, SshError, Scope.Scope> => Effect.flatMap(invocation(...words), connection.exec)

/** @internal */
export const startLasting = (
  connection: SshConnection,
  ...words: ReadonlyArray<string>
): Effect.Effect<RemoteProcess, SshError, Scope.Scope> =>
  Effect.flatMap(invocation(...words), (it) => connection.exec(it, { lasting: true }))

/** @internal */
export const bytes = <E, R>(stream: Stream.Stream<Uint8Array, E, R>): Effect.Effect<Buffer, E, R> =>
  Effect.map(Stream.runCollect(stream), (chunks) => Buffer.concat(Chunk.toReadonlyArray(chunks)))

/** @internal */
export interface Ended {
  readonly stdout: string
  readonly stderr: string
  readonly status: ExitStatus
}

/**
 * What a process comes to, nothing being said to it.
 *
 * @internal
 */
export const ended = (process: RemoteProcess): Effect.Effect<Ended, SshError> =>
  Effect.map(
    Effect.all([bytes(process.stdout), bytes(process.stderr), process.exit], { concurrency: 3 }),
    ([stdout, stderr, status]) => ({ stdout: stdout.toString(), stderr: stderr.toString(), status })
  )

/** @internal */
export const run = (connection: SshConnection, ...words: ReadonlyArray<string>): Effect.Effect<Ended, SshError> =>
  Effect.scoped(Effect.flatMap(start(connection, ...words), ended))

/**
 * Bytes that look like any, and are the same in each run.
 *
 * @internal
 */
export const data = (size: number): Buffer => {
  const words = new Uint32Array(Math.ceil(size / 4))
  let state = 0x9e3779b9
  for (let index = 0; index < words.length; index++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    words[index] = state
  }
  return Buffer.from(words.buffer, 0, size)
}

/**
 * The same in pieces.
 *
 * @internal
 */
export const pieces = (all: Uint8Array, size: number): ReadonlyArray<Uint8Array> =>
  Array.from({ length: Math.ceil(all.length / size) }, (_, index) => all.subarray(index * size, (index + 1) * size))

/**
 * All that comes until the end, or the error.
 *
 * @internal
 */
export const drain = (duplex: Duplex): Effect.Effect<Buffer, Mismatch> =>
  Effect.async((resume) => {
    const received: Array<Buffer> = []
    const fail = (came: string) =>
      resume(new Mismatch({ what: "what a connection carries", expected: "bytes and their end", came }))
    duplex
      .on("data", (chunk: Buffer) => received.push(chunk))
      .on("end", () => resume(Effect.succeed(Buffer.concat(received))))
      .on("error", (cause) => fail(cause.message))
      .on("close", () => fail(duplex.errored?.message ?? "its end without a word"))
    if (duplex.destroyed && !duplex.readableEnded) fail(duplex.errored?.message ?? "nothing, it was closed before")
  })

/**
 * Until it ends, one way or the other.
 *
 * @internal
 */
export const over = (duplex: Duplex): Effect.Effect<void> => Effect.asVoid(Effect.exit(drain(duplex)))

/**
 * Sends and half closes; what comes back until the other end does so too.
 *
 * @internal
 */
export const exchange = (duplex: Duplex, sent: string | Uint8Array): Effect.Effect<Buffer, Mismatch> =>
  Effect.suspend(() => {
    duplex.end(sent)
    return drain(duplex)
  })

/**
 * Answers a connection with what it sent, once that has ended; gives that.
 *
 * @internal
 */
export const echoed = (duplex: Duplex): Effect.Effect<Buffer, Mismatch> =>
  Effect.tap(drain(duplex), (received) => void duplex.end(received))

/**
 * The same for one that may break off.
 *
 * @internal
 */
export const echo = (duplex: Duplex): Effect.Effect<void> => Effect.ignore(echoed(duplex))
