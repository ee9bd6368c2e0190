/** Talks to a guardian over any connection, line by line, for tests. */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Stream from "effect/Stream"
import * as SubscriptionRef from "effect/SubscriptionRef"
import * as programs from "../../src/internal/programs.ts"
import { escapeLine, quoteAll } from "../../src/internal/words.ts"
import { type Message, parse } from "../../src/services/GuardianProtocol.ts"
import type { Program, SshConnection } from "../../src/services/SshConnection.ts"
import * as patience from "../patience.ts"

/** Longer than anything here takes on a busy machine. */
const deadline = "1 minute"

/** Waits until a probe holds. */
export const eventually = <E, R>(what: string, probe: Effect.Effect<boolean, E, R>): Effect.Effect<void, E, R> =>
  Effect.map(patience.until(probe, (holds) => holds), (held) => assert.isTrue(held, what))

export const newId = Effect.map(
  Random.nextIntBetween(0, 2 ** 47),
  (number) => `test-${number.toString(36)}`
)

/** A guardian that has been started, not yet heard. */
export const talk = Effect.fnUntraced(function*(
  connection: SshConnection,
  words: ReadonlyArray<string>,
  program?: Program
) {
  const heard = yield* SubscriptionRef.make<ReadonlyArray<Message>>([])
  const process = yield* connection.exec(
    { program: program ?? (yield* programs.load("guardian", "sh")), words },
    { lasting: true }
  )
  const over = yield* process.stdout.pipe(
    Stream.decodeText(),
    Stream.splitLines,
    Stream.filterMap(parse),
    Stream.runForEach((message) => SubscriptionRef.update(heard, (all) => [...all, message])),
    Effect.forkScoped
  )
  yield* Effect.forkScoped(Effect.ignore(Stream.runDrain(process.stderr)))

  /** The first message, heard or to come, that a function takes. */
  const until = <A>(what: string, take: (message: Message) => A | undefined) =>
    heard.changes.pipe(
      Stream.filterMap((all) => Option.fromIterable(all.map(take).filter((found) => found !== undefined))),
      Stream.runHead,
      Effect.timeoutOption(deadline),
      Effect.flatMap((found) =>
        Option.match(Option.flatten(found), {
          onNone: () =>
            Effect.flatMap(
              SubscriptionRef.get(heard),
              (all) => Effect.dieMessage(`not heard: ${what}, but ${JSON.stringify(all)}`)
            ),
          onSome: Effect.succeed
        })
      )
    )
  return {
    heard: SubscriptionRef.get(heard),
    until,
    over,
    process,
    say: (line: string) => process.write(`${line}\n`),
    /** End of file without `end`, as when the manager has gone. */
    hangUp: Effect.zipRight(process.endInput, process.exit),
    ready: until("ready", (message) => message._tag === "Ready" ? message : undefined),
    refused: until("refused", (message) => message._tag === "Refused" ? message.reason : undefined),
    started: (name: string) =>
      until(`started ${name}`, (message) => message._tag === "Started" && message.name === name ? message : undefined),
    exited: (name: string) =>
      until(
        `exited ${name}`,
        (message) => message._tag === "Exited" && message.name === name ? message.code : undefined
      ),
    start: (name: string, ...argv: ReadonlyArray<string>) => process.write(`${startLine(name, [], argv)}\n`),
    /** Ends it all; gives the report. */
    end: (tenths: number) =>
      Effect.gen(function*() {
        yield* process.write(`end ${tenths}\n`)
        yield* until("ended", (message) => message._tag === "Ended" ? true : undefined)
        yield* process.exit
        const all = yield* SubscriptionRef.get(heard)
        return all.filter((message) => message._tag === "Report").map(({ key, value }) => `${key} ${value}`).sort()
      })
  }
})

export const startLine = (name: string, env: ReadonlyArray<string>, argv: ReadonlyArray<string>): string =>
  `start ${name} ${escapeLine(quoteAll(["", "-", ...env, "--", ...argv]))}`

/** A new guardian that is ready. */
export const begin = Effect.fnUntraced(function*(
  connection: SshConnection,
  options: {
    readonly id?: string
    readonly directory?: string
    readonly lease?: number
    readonly program?: Program
    readonly settings?: ReadonlyArray<string>
  } = {}
) {
  const id = options.id ?? (yield* newId)
  const guardian = yield* talk(
    connection,
    ["new", id, options.directory ?? "", String(options.lease ?? 30), "0", ...(options.settings ?? [])],
    options.program
  )
  const { state, workingDirectory } = yield* guardian.ready
  return { ...guardian, id, state, workingDirectory }
})

/** Runs a command through the `run` program, without a guardian; gives its output. */
export const run = Effect.fnUntraced(function*(
  connection: SshConnection,
  argv: ReadonlyArray<string>,
  env: ReadonlyArray<string> = []
) {
  const process = yield* connection.exec({
    program: yield* programs.load("run", "sh"),
    words: ["", "-", ...env, "--", ...argv]
  })
  yield* process.endInput
  const [stdout] = yield* Effect.all([
    Stream.runFold(process.stdout, new Uint8Array(), (all, chunk) => Buffer.concat([all, chunk])),
    Stream.runDrain(process.stderr)
  ], { concurrency: 2 })
  return { stdout: Buffer.from(stdout).toString(), exit: yield* process.exit }
}, Effect.scoped)

/** A line of shell; gives its output without the last newline. */
export const shell = (connection: SshConnection, script: string, ...args: ReadonlyArray<string>) =>
  Effect.map(run(connection, ["sh", "-c", script, "sh", ...args]), ({ stdout }) => stdout.replace(/\n$/, ""))

/** Whether a process lives; one that only nobody has waited for does not. */
export const lives = (connection: SshConnection, pid: number | string) =>
  Effect.map(
    shell(connection, `sed 's/.*) \\(.\\).*/\\1/' "/proc/$1/stat" 2>/dev/null`, String(pid)),
    (state) => state !== "" && state !== "Z" && state !== "X"
  )

/** The number that a process of ours writes into its working directory. */
export const pidIn = Effect.fnUntraced(function*(connection: SshConnection, path: string) {
  const read = shell(connection, `cat -- "$1" 2>/dev/null`, path)
  const text = yield* patience.until(read, (text) => /^\d+$/.test(text))
  assert.match(text, /^\d+$/, `${path} is written`)
  return Number(text)
})

export const exists = (connection: SshConnection, path: string) =>
  Effect.map(shell(connection, `[ -e "$1" ] && echo yes`, path), (said) => said === "yes")
