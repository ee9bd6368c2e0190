/**
 * A process of a host that is told what to do with files, one after another, and says what came of it.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Buffer } from "node:buffer"
import type { FileTransferError } from "../services/FileTransferError.ts"
import type { Entry, Manifest } from "../services/FileTransferPlan.ts"
import type { RemoteProcess } from "../services/SshConnection.ts"
import type { SshError } from "../services/SshError.ts"
import * as bounded from "./bounded.ts"
import * as transferName from "./transferName.ts"
import * as transferTokens from "./transferTokens.ts"
import { escapeLine } from "./words.ts"

type Failure = SshError | FileTransferError

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
 * What is there to be sent from a host, and the process that sends it.
 *
 * @internal
 */
export interface Source extends Looked {
  /** So many bytes of a file: gives the hash of the file up to their end, or `undefined` where it does not end there. */
  readonly read: <E>(
    path: string,
    offset: number,
    size: number,
    take: transferTokens.Take<E>
  ) => Effect.Effect<string | undefined, E | Failure>
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
  /** The rest of a partial file: gives the hash of the whole. */
  readonly append: (
    key: string,
    offset: number,
    size: number,
    content: Stream.Stream<Uint8Array, Failure>
  ) => Effect.Effect<string, Failure>
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

/** @internal */
export const line = (path: string): Uint8Array => transferName.encode(`${escapeLine(path)}\n`)

/** As `touch -d` has it, in UTC. */
const moment = (time: string): string => {
  const [seconds = "0", fraction = "0"] = time.split(".")
  const at = DateTime.formatIso(DateTime.unsafeMake(Math.min(Math.max(Number(seconds), 0), 253_402_300_799) * 1000))
  return `${at.slice(0, 19)}.${fraction}Z`
}

const octal = (mode: number): string => (mode & 0o777).toString(8)

/** So much of what a tool complains is kept. */
const complaint = 4096

/** @internal */
export const errors = (process: RemoteProcess): Effect.Effect<string, SshError> =>
  Stream.runFold(
    process.stderr,
    Buffer.alloc(0),
    (all, chunk) => all.length >= complaint ? all : Buffer.concat([all, chunk]).subarray(0, complaint)
  ).pipe(Effect.map((all) => all.toString().trim()))

/**
 * A hash in what a tool prints.
 *
 * @internal
 */
export const hashIn = (text: string | undefined): string => /[0-9a-f]{64}/.exec(text ?? "")?.[0] ?? ""

/**
 * How its failures are told.
 *
 * @internal
 */
export interface Failures {
  /** A tool of the host failed, and said so. */
  readonly refused: (path: string, said: string) => FileTransferError
  /** It answered what nobody understands. */
  readonly nonsense: (path: string) => FileTransferError
}

/** The greeting, the path and what is there. */
const looked = Effect.fnUntraced(
  function*(
    path: string,
    tokens: transferTokens.Tokens<Failure>,
    { nonsense }: Failures
  ): Effect.fn.Return<Looked | Lacking, Failure> {
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

/** What is common to both: begins with what is there, then a word for each command. */
const talk = Effect.fnUntraced(function*(
  process: RemoteProcess,
  path: string,
  lines: ReadonlyArray<string>,
  failures: Failures
) {
  yield* process.write(Buffer.concat(lines.map(line)))
  const said = yield* Effect.forkScoped(errors(process))
  const tokens = yield* transferTokens.make<Failure>(process.stdout)
  const found = yield* looked(path, tokens, failures)
  const over: Effect.Effect<never, Failure> = process.endInput.pipe(
    Effect.zipRight(process.exit),
    Effect.zipRight(Effect.flatMap(Fiber.join(said), (text) => failures.refused(path, text)))
  )
  const hear = (token: string | undefined): Effect.Effect<void, Failure> =>
    token === "ok"
      ? Effect.void
      : token === "no"
      ? over
      : Effect.flatMap(process.exit, () => failures.nonsense(path))
  const command = (text: string, at?: string) =>
    process.write(Buffer.concat([Buffer.from(`${text}\n`), ...(at === undefined ? [] : [line(at)])]))
  return { found, tokens, over, hear, command, done: Effect.flatMap(tokens.next, hear) }
})

/**
 * Talks to `look`.
 *
 * @internal
 */
export const source = Effect.fnUntraced(function*(
  process: RemoteProcess,
  path: string,
  failures: Failures
): Effect.fn.Return<Source | Lacking, Failure, Scope.Scope> {
  const { command, done, found, hear, tokens } = yield* talk(process, path, [path], failures)
  if ("lacks" in found) return found
  // What could not be listed would be missing without a word.
  yield* done
  return {
    ...found,
    read: (path, offset, size, take) =>
      Effect.gen(function*() {
        yield* command(`read ${offset} ${size}`, path)
        yield* Effect.flatMap(tokens.content(size, take), hear)
        const word = yield* tokens.next
        yield* done
        return word === "changed" ? undefined : hashIn(word)
      })
  }
})

/**
 * Talks to `open`.
 *
 * @internal
 */
export const session = Effect.fnUntraced(function*(
  process: RemoteProcess,
  path: string,
  name: string,
  failures: Failures
): Effect.fn.Return<Session | Lacking, Failure, Scope.Scope> {
  // It ends with its input, and what is left of the transfer stays where the next one finds it.
  yield* Effect.addFinalizer(() =>
    Effect.zipRight(process.endInput, Effect.ignore(bounded.within(process.exit, "5 seconds")))
  )
  const { command, done, found, hear, over, tokens } = yield* talk(process, path, [path, name], failures)
  if ("lacks" in found) return found
  const ask = (text: string, at?: string) => Effect.zipRight(command(text, at), done)
  const hash = Effect.flatMap(
    tokens.next,
    (word) => hashIn(word) === "" ? Effect.as(hear(word), "") : Effect.as(done, hashIn(word))
  )
  const below = (entries: ReadonlyArray<Entry>) => entries.filter((entry) => entry.path !== "")
  return {
    ...found,
    stage: Effect.gen(function*() {
      yield* command("stage")
      const at = yield* tokens.next
      if (at === "no") return yield* over
      const tree = yield* tokens.entries
      const big = yield* tokens.entries
      yield* done
      if (at === undefined || tree === undefined || big === undefined) return yield* failures.nonsense(path)
      return { at, tree: below(tree), big: below(big) }
    }),
    append: (key, offset, size, content) =>
      Effect.zipRight(
        command(`append ${key} ${offset} ${size}`),
        // Who takes no more says so before all is written.
        Effect.map(
          Effect.all([Stream.runForEach(content, process.write), hash], { concurrency: 2 }),
          ([, made]) => made
        )
      ),
    prefix: (key, size) => Effect.zipRight(command(`prefix ${key} ${size}`), hash),
    place: (key, entry) => ask(`place ${key} ${octal(entry.mode)} ${moment(entry.time)}`, entry.path),
    rootMode: (mode) => ask(`make ${octal(mode)}`),
    publish: ask("publish"),
    set: ({ mode, path, time }) => ask(`set ${octal(mode)} ${moment(time)}`, path),
    end: ask("end")
  }
})
