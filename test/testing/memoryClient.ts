import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import { escapeLine, quoteAll } from "../../src/internal/words.ts"
import * as Host from "../../src/services/Host.ts"
import type { Program, RemoteProcess, SshConnection } from "../../src/services/SshConnection.ts"

export const host = (alias: string) => Host.Host.make({ alias })

const program = (name: string): Program => ({ name, language: "sh", source: "" })

export const text = <E>(stream: Stream.Stream<Uint8Array, E>) => Stream.mkString(Stream.decodeText(stream))

/** Starts argv through the `run` program. */
export const start = (connection: SshConnection, argv: ReadonlyArray<string>, options: {
  readonly cwd?: string
  readonly env?: ReadonlyArray<string>
  readonly sessions?: string
  readonly lasting?: boolean
} = {}) =>
  connection.exec({
    program: program("run"),
    words: [options.cwd ?? "", options.sessions ?? "-", ...(options.env ?? []), "--", ...argv]
  }, { lasting: options.lasting ?? false })

/** The same, to its end. */
export const run = (...args: Parameters<typeof start>) =>
  Effect.scoped(
    Effect.flatMap(start(...args), (process) =>
      Effect.all({ stdout: text(process.stdout), stderr: text(process.stderr), exit: process.exit }, {
        concurrency: "unbounded"
      }))
  )

const lines = (process: RemoteProcess) =>
  Effect.gen(function*() {
    const heard = yield* Queue.unbounded<Option.Option<string>>()
    yield* process.stdout.pipe(
      Stream.decodeText(),
      Stream.splitLines,
      Stream.runForEach((line) => Queue.offer(heard, Option.some(line))),
      Effect.ignore,
      Effect.zipRight(Queue.offer(heard, Option.none())),
      Effect.forkScoped
    )
    return heard
  })

export interface Client {
  readonly say: (line: string) => Effect.Effect<void>
  /** The next line that begins so; those before it are passed over. `closed` at the end. */
  readonly next: (prefix: string) => Effect.Effect<string>
  /** Up to the end, or up to and with the line that begins so. */
  readonly until: (prefix: string) => Effect.Effect<ReadonlyArray<string>>
  readonly state: string
  readonly directory: string
  readonly process: RemoteProcess
}

/** A guardian that has answered: `state` is empty when it refused. */
export const guardian = (connection: SshConnection, words: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const process = yield* connection.exec({ program: program("guardian"), words }, { lasting: true })
    const heard = yield* lines(process)
    const until = (prefix: string) => {
      const more = (have: ReadonlyArray<string>): Effect.Effect<ReadonlyArray<string>> =>
        Effect.flatMap(
          Queue.take(heard),
          Option.match({
            onNone: () => Effect.succeed([...have, "closed"]),
            onSome: (line) => line.startsWith(prefix) ? Effect.succeed([...have, line]) : more([...have, line])
          })
        )
      return more([])
    }
    const next = (prefix: string) => Effect.map(until(prefix), (all) => all[all.length - 1] ?? "")
    const answer = yield* words[0] === "renew" ? Effect.succeed("") : next("re")
    const [state = "", directory = ""] = answer.startsWith("ready ") ? answer.slice("ready ".length).split("\t") : []
    const client: Client = {
      say: (line) => Effect.orDie(process.write(`${line}\n`)),
      next,
      until,
      state,
      directory,
      process
    }
    return { ...client, answer }
  })

/** What `start` takes as its text. */
export const jobText = (argv: ReadonlyArray<string>, env: ReadonlyArray<string> = [], cwd = "") =>
  escapeLine(quoteAll([cwd, "-", ...env, "--", ...argv]))
