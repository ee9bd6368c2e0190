/**
 * What a transfer asks of a host: the program `transfer`, on channels of the connection.
 *
 * @since 0.1.0
 */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { Buffer } from "node:buffer"
import { FileTransferError } from "../services/FileTransferError.ts"
import type { Entry } from "../services/FileTransferPlan.ts"
import type { SshConnection } from "../services/SshConnection.ts"
import type { SshError } from "../services/SshError.ts"
import * as programs from "./programs.ts"
import * as transferName from "./transferName.ts"
import * as transferSession from "./transferSession.ts"
import * as transferTokens from "./transferTokens.ts"

type Failure = SshError | FileTransferError

/** @internal */
export interface Bytes<E> extends Stream.Stream<Uint8Array, E> {}

/**
 * The client of a connection. `lease` is the runtime that its processes belong to.
 *
 * @internal
 */
export const make = Effect.fnUntraced(function*(options: {
  readonly connection: SshConnection
  readonly lease: string | undefined
  readonly step: "send" | "get"
}) {
  const { connection } = options
  const program = yield* programs.load("transfer", "sh")
  const mover = yield* programs.load("transfer", "python")
  const fail = (reason: FileTransferError["reason"], path: string, detail: string, hint?: string) =>
    new FileTransferError({ reason, host: connection.host.alias, step: options.step, path, detail, hint })
  const start = (verb: string, ...words: ReadonlyArray<string>) =>
    connection.exec({ program, words: [verb, options.lease ?? "-", ...words] }, {
      lasting: verb === "open" || verb === "look"
    })

  const refused = (path: string, said: string) =>
    fail(
      "Remote",
      path,
      said === "" ? "a tool of the host failed without a word" : said,
      /no space left/i.test(said) ? "make room there; the next transfer goes on where this one stopped" : undefined
    )

  /** Runs a verb to its end: what it printed. */
  const run = (
    path: string,
    words: readonly [string, ...Array<string>],
    input: Stream.Stream<Uint8Array, Failure>
  ): Effect.Effect<Buffer, Failure> =>
    Effect.scoped(Effect.gen(function*() {
      const process = yield* start(...words)
      const writing = Effect.zipRight(Stream.runForEach(input, process.write), process.endInput)
      const [, output, said, status] = yield* Effect.all([
        writing,
        Stream.runCollect(process.stdout),
        transferSession.errors(process),
        process.exit
      ], { concurrency: 4 })
      if (status.code !== 0) return yield* refused(path, said)
      return Buffer.concat(Chunk.toReadonlyArray(output))
    }))

  /** What a verb prints, while it does; its input is short. */
  const reading = (
    path: string,
    words: readonly [string, ...Array<string>],
    input: ReadonlyArray<Uint8Array>
  ): Stream.Stream<Uint8Array, Failure> =>
    Stream.unwrapScoped(Effect.gen(function*() {
      const process = yield* start(...words)
      yield* Effect.forkScoped(Effect.zipRight(
        Effect.forEach(input, process.write, { discard: true }),
        process.endInput
      ))
      const said = yield* Effect.forkScoped(transferSession.errors(process))
      const ended = Effect.flatMap(process.exit, ({ code }) =>
        code === 0 ? Effect.void : Effect.flatMap(Fiber.join(said), (text) => refused(path, text)))
      return Stream.concat(process.stdout, Stream.drain(Stream.fromEffect(ended)))
    }))

  const failures: transferSession.Failures = {
    refused,
    nonsense: (path) =>
      fail("Unsafe", path, "the host gave no answer that can be understood", "does its shell print something at start?")
  }

  const names = (list: ReadonlyArray<string>): Uint8Array =>
    Buffer.concat(list.map((name) => transferName.encode(`./${name}\0`)))

  const hashOne = (path: string, name: string): Effect.Effect<string, Failure> =>
    Effect.map(
      run(path, ["hash", "few"], Stream.make(transferSession.line(path), names([name]))),
      (output) => transferSession.hashIn(output.toString("latin1"))
    )

  return {
    fail,
    /** Looks at what is to be sent from there, and stays. */
    look: (path: string, follow: boolean) =>
      Effect.flatMap(
        start("look", mover.source, follow ? "follow" : ""),
        (process) => transferSession.source(process, path, failures)
      ),

    /** Looks at the target of a transfer, and stays. */
    open: (path: string, name: string, kind: "file" | "directory", target: string) =>
      Effect.flatMap(
        start("open", mover.source, target, kind),
        (process) => transferSession.session(process, path, name, failures)
      ),

    /** Hashes of files below a path, by name. */
    hashes: (path: string, list: ReadonlyArray<Entry>): Effect.Effect<ReadonlyMap<string, string>, Failure> =>
      list.length === 0 ? Effect.succeed(new Map<string, string>()) : Effect.gen(function*() {
        const bytes = list.reduce((all, { size }) => all + size, 0)
        const tool = bytes / list.length > 1024 * 1024 ? "few" : "many"
        const output = yield* run(
          path,
          ["hash", tool],
          Stream.make(transferSession.line(path), names(list.map(({ path }) => path)))
        )
        const found = new Map(transferTokens.sums(output))
        for (const { path: name } of list) {
          if (!found.has(name)) found.set(name, yield* hashOne(path, name))
        }
        return found
      }),

    /** The hash of the first bytes of a file. */
    hashOf: (path: string, size: number) =>
      Effect.map(
        run(path, ["hash", "few", String(size)], Stream.make(transferSession.line(path))),
        (output) => transferSession.hashIn(output.toString("latin1"))
      ),

    pack: (path: string, list: ReadonlyArray<string>, follow: boolean) =>
      reading(path, ["pack", follow ? "follow" : ""], [transferSession.line(path), names(list)]),

    /** Files and directories and links, as an archive; gives the hashes of all that is staged. */
    unpack: (stage: string, content: Stream.Stream<Uint8Array, Failure>) =>
      Effect.map(
        run(stage, ["unpack"], Stream.concat(Stream.make(transferSession.line(stage)), content)),
        transferTokens.sums
      ),

    hashOne
  }
})

/** @internal */
export type Client = Effect.Effect.Success<ReturnType<typeof make>>
