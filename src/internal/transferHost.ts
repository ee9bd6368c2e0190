/**
 * What a transfer asks of a host: the program `transfer`, on channels of the connection.
 *
 * @since 0.1.0
 */
import * as Chunk from "effect/Chunk"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Buffer } from "node:buffer"
import { FileTransferError } from "../services/FileTransferError.ts"
import type { Entry, Manifest } from "../services/FileTransferPlan.ts"
import type { RemoteProcess, SshConnection } from "../services/SshConnection.ts"
import type { SshError } from "../services/SshError.ts"
import * as bounded from "./bounded.ts"
import * as programs from "./programs.ts"
import * as transferName from "./transferName.ts"
import * as transferTokens from "./transferTokens.ts"
import { escapeLine } from "./words.ts"

type Failure = SshError | FileTransferError

/** @internal */
export interface Bytes<E> extends Stream.Stream<Uint8Array, E> {}

/**
 * A host that lacks something: what it lacks.
 *
 * @internal
 */
export interface Lacking {
  readonly lacks: string
}

/** @internal */
export interface Looked {
  /** Where it is; relative to the home directory when it was asked so. */
  readonly path: string
  readonly manifest: Manifest
  /** What is at the path itself. */
  readonly rootEntry: Entry | undefined
}

/**
 * A transfer to a host that is under way: one process there, which owns the partial files.
 *
 * @internal
 */
export interface Session extends Looked {
  /** Where partial files are; makes the place. What a transfer that was broken off has left there is in both lists. */
  readonly stage: Effect.Effect<
    { readonly at: string; readonly tree: ReadonlyArray<Entry>; readonly big: ReadonlyArray<Entry> },
    Failure
  >
  /** The hash of the first bytes of a partial file. */
  readonly prefix: (key: string, size: number) => Effect.Effect<string, Failure>
  /** A partial file that is whole gets its name, in the tree that is not yet published. */
  readonly place: (key: string, entry: Entry) => Effect.Effect<void, Failure>
  /** The mode of a root that is not there yet. */
  readonly rootMode: (mode: number) => Effect.Effect<void, Failure>
  /** What is staged gets its final names. */
  readonly publish: Effect.Effect<void, Failure>
  /** Mode and time of what is there. */
  readonly set: (entry: Pick<Entry, "mode" | "time" | "path">) => Effect.Effect<void, Failure>
  /** Removes what was staged. */
  readonly end: Effect.Effect<void, Failure>
}

const line = (path: string): Uint8Array => transferName.encode(`${escapeLine(path)}\n`)

/** As `touch -d` has it, in UTC. */
const moment = (time: string): string => {
  const [seconds = "0", fraction = "0"] = time.split(".")
  const at = DateTime.formatIso(DateTime.unsafeMake(Math.min(Math.max(Number(seconds), 0), 253_402_300_799) * 1000))
  return `${at.slice(0, 19)}.${fraction}Z`
}

const octal = (mode: number): string => (mode & 0o777).toString(8)

/** So much of what a tool complains is kept. */
const complaint = 4096

const errors = (process: RemoteProcess): Effect.Effect<string, SshError> =>
  Stream.runFold(
    process.stderr,
    Buffer.alloc(0),
    (all, chunk) => all.length >= complaint ? all : Buffer.concat([all, chunk]).subarray(0, complaint)
  ).pipe(Effect.map((all) => all.toString().trim()))

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
  const fail = (reason: FileTransferError["reason"], path: string, detail: string, hint?: string) =>
    new FileTransferError({ reason, host: connection.host.alias, step: options.step, path, detail, hint })
  const start = (verb: string, ...words: ReadonlyArray<string>) =>
    connection.exec({ program, words: [verb, options.lease ?? "-", ...words] }, { lasting: verb === "open" })

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
        errors(process),
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
      const said = yield* Effect.forkScoped(errors(process))
      const ended = Effect.flatMap(process.exit, ({ code }) =>
        code === 0 ? Effect.void : Effect.flatMap(Fiber.join(said), (text) => refused(path, text)))
      return Stream.concat(process.stdout, Stream.drain(Stream.fromEffect(ended)))
    }))

  const nonsense = (path: string) =>
    fail("Unsafe", path, "the host gave no answer that can be understood", "does its shell print something at start?")

  /** The greeting, the path and what is there. */
  const looked = Effect.fnUntraced(
    function*(path: string, tokens: transferTokens.Tokens<Failure>): Effect.fn.Return<Looked | Lacking, Failure> {
      const greeting = (yield* tokens.next) ?? ""
      const found = /^lazycluster-transfer 1(.*)$/.exec(greeting)
      if (found === null) return { lacks: "a POSIX shell" }
      if (found[1] !== undefined && found[1] !== "") return { lacks: found[1].trim() }
      const at = (yield* tokens.next) ?? ""
      const entries = yield* tokens.entries
      if (entries === undefined) return yield* nonsense(path)
      const root = entries.find((entry) => entry.path === "")
      const manifest: Manifest = {
        root: root?.kind,
        entries: entries.filter((entry) => entry.path !== "").sort((a, b) => a.path < b.path ? -1 : 1)
      }
      return { path: at, manifest, rootEntry: root }
    }
  )

  const names = (list: ReadonlyArray<string>): Uint8Array =>
    Buffer.concat(list.map((name) => transferName.encode(`./${name}\0`)))

  const hashOne = (path: string, name: string): Effect.Effect<string, Failure> =>
    Effect.map(
      run(path, ["hash", "few"], Stream.make(line(path), names([name]))),
      (output) => /[0-9a-f]{64}/.exec(output.toString("latin1"))?.[0] ?? ""
    )

  return {
    fail,
    look: (path: string, follow: boolean) =>
      Effect.scoped(Effect.gen(function*() {
        const process = yield* start("look", follow ? "follow" : "")
        yield* process.write(line(path))
        yield* process.endInput
        const said = yield* Effect.forkScoped(errors(process))
        const found = yield* looked(path, yield* transferTokens.make<Failure>(process.stdout))
        const { code } = yield* process.exit
        // What could not be listed would be missing without a word.
        if (!("lacks" in found) && code !== 0) return yield* refused(path, yield* Fiber.join(said))
        return found
      })),

    /** Hashes of files below a path, by name. */
    hashes: (path: string, list: ReadonlyArray<Entry>): Effect.Effect<ReadonlyMap<string, string>, Failure> =>
      list.length === 0 ? Effect.succeed(new Map<string, string>()) : Effect.gen(function*() {
        const bytes = list.reduce((all, { size }) => all + size, 0)
        const tool = bytes / list.length > 1024 * 1024 ? "few" : "many"
        const output = yield* run(path, ["hash", tool], Stream.make(line(path), names(list.map(({ path }) => path))))
        const found = new Map(transferTokens.sums(output))
        for (const { path: name } of list) {
          if (!found.has(name)) found.set(name, yield* hashOne(path, name))
        }
        return found
      }),

    /** The hash of the first bytes of a file. */
    hashOf: (path: string, size: number) =>
      Effect.map(
        run(path, ["hash", "few", String(size)], Stream.make(line(path))),
        (output) => /[0-9a-f]{64}/.exec(output.toString("latin1"))?.[0] ?? ""
      ),

    read: (path: string, offset: number) => reading(path, ["read", String(offset)], [line(path)]),

    pack: (path: string, list: ReadonlyArray<string>, follow: boolean) =>
      reading(path, ["pack", follow ? "follow" : ""], [line(path), names(list)]),

    /** What is left of a partial file; gives the hash of the whole. */
    append: (stage: string, key: string, offset: number, content: Stream.Stream<Uint8Array, Failure>) =>
      Effect.map(
        run(stage, ["append", key, String(offset)], Stream.concat(Stream.make(line(stage)), content)),
        (output) => /[0-9a-f]{64}/.exec(output.toString("latin1"))?.[0] ?? ""
      ),

    /** Files and directories and links, as an archive; gives the hashes of all that is staged. */
    unpack: (stage: string, content: Stream.Stream<Uint8Array, Failure>) =>
      Effect.map(
        run(stage, ["unpack"], Stream.concat(Stream.make(line(stage)), content)),
        transferTokens.sums
      ),

    hashOne,

    /** Looks at the target of a transfer and stays. */
    open: Effect.fnUntraced(
      function*(
        path: string,
        name: string,
        kind: "file" | "directory",
        target: string
      ): Effect.fn.Return<Session | Lacking, Failure, Scope.Scope> {
        const process = yield* start("open", target, kind)
        yield* process.write(Buffer.concat([line(path), line(name)]))
        // It ends with its input, and what is left of the transfer stays where the next one finds it.
        yield* Effect.addFinalizer(() =>
          Effect.zipRight(process.endInput, Effect.ignore(bounded.within(process.exit, "5 seconds")))
        )
        const said = yield* Effect.forkScoped(errors(process))
        const tokens = yield* transferTokens.make<Failure>(process.stdout)
        const found = yield* looked(path, tokens)
        if ("lacks" in found) return found
        const over: Effect.Effect<never, Failure> = process.endInput.pipe(
          Effect.zipRight(process.exit),
          Effect.zipRight(Effect.flatMap(Fiber.join(said), (text) => refused(path, text)))
        )
        const done = Effect.flatMap(
          tokens.next,
          (token): Effect.Effect<void, Failure> =>
            token === "ok" ? Effect.void : token === "no" ? over : Effect.flatMap(process.exit, () => nonsense(path))
        )
        const command = (text: string, at?: string) =>
          process.write(Buffer.concat([Buffer.from(`${text}\n`), ...(at === undefined ? [] : [line(at)])]))
        const ask = (text: string, at?: string) => Effect.zipRight(command(text, at), done)
        return {
          ...found,
          stage: Effect.gen(function*() {
            yield* command("stage")
            const at = yield* tokens.next
            if (at === "no") return yield* over
            const tree = yield* tokens.entries
            const big = yield* tokens.entries
            yield* done
            if (at === undefined || tree === undefined || big === undefined) return yield* nonsense(path)
            const below = (entries: ReadonlyArray<Entry>) => entries.filter((entry) => entry.path !== "")
            return { at, tree: below(tree), big: below(big) }
          }),
          prefix: (key, size) =>
            Effect.zipRight(
              command(`prefix ${key} ${size}`),
              Effect.zipLeft(Effect.map(tokens.next, (text) => /[0-9a-f]{64}/.exec(text ?? "")?.[0] ?? ""), done)
            ),
          place: (key, entry) => ask(`place ${key} ${octal(entry.mode)} ${moment(entry.time)}`, entry.path),
          rootMode: (mode) => ask(`make ${octal(mode)}`),
          publish: ask("publish"),
          set: ({ mode, path, time }) => ask(`set ${octal(mode)} ${moment(time)}`, path),
          end: ask("end")
        }
      }
    )
  }
})

/** @internal */
export type Client = Effect.Effect.Success<ReturnType<typeof make>>
