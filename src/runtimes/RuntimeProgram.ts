/**
 * A program on a host as whoever types it sees it: with an input, its output as it comes, byte for byte, and its exit code,
 * which is no error.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import { bySignal } from "../internal/exitStatus.ts"
import * as OutputCapture from "../internal/outputCapture.ts"
import { withoutControl } from "../internal/outputText.ts"
import { quoteAll } from "../internal/words.ts"
import { ExecutionLog, type Origin } from "../services/ExecutionLog.ts"
import type { Inherited } from "../services/RemoteCommandExecutor.ts"
import type { RemoteProcess } from "../services/SshConnection.ts"
import type { SshError } from "../services/SshError.ts"
import { shell } from "../tasks/StepRunner.ts"
import type { Runtime } from "./Runtime.ts"

/**
 * A line of shell, or a program and its arguments, of which nothing is expanded.
 *
 * @since 0.1.0
 * @category models
 */
export type Program = string | readonly [string, ...Array<string>]

/**
 * How to run it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Names its log. Default `run`. */
  readonly name?: string | undefined
  /** Added to the environment of the runtime. Its values are never written to a log. */
  readonly env?: Readonly<Record<string, string>> | undefined
  /** What it reads, as fast as it reads, and where it prints, which it waits for. Default: nothing and nowhere. */
  readonly streams?: Partial<Inherited> | undefined
  /** Characters of each output that are kept for `Ended` (default 1 Mi); the log has all. */
  readonly outputLimit?: number | undefined
}

/**
 * How a program ended.
 *
 * @since 0.1.0
 * @category models
 */
export interface Ended {
  readonly host: string
  /** 128 + n when it was ended by signal n. */
  readonly exitCode: number
  /** The end of what it printed. */
  readonly stdout: string
  readonly stderr: string
  /** Characters that are missing at the front of each. */
  readonly dropped: Readonly<Record<Origin, number>>
  readonly duration: Duration.Duration
  readonly logFile: string | undefined
}

/**
 * A program as people would type it.
 *
 * @since 0.1.0
 * @category printing
 */
export const render = (program: Program): string =>
  withoutControl((typeof program === "string" ? program : quoteAll(program)).replaceAll("\n", "⏎"))

const argv = (program: Program) => typeof program === "string" ? shell(program) : program

/** A program need not read what it is given: its exit code says whether it minds. */
const feed = <E>(process: RemoteProcess, input: Stream.Stream<Uint8Array, E>) =>
  Stream.runForEach(input, process.write).pipe(Effect.ignore, Effect.zipRight(process.endInput))

/** The same bytes, told as text too. */
const heard = <E>(bytes: Stream.Stream<Uint8Array, E>, hear: (text: string) => Effect.Effect<void>) =>
  Stream.suspend(() => {
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true })
    const told = (text: string) => text === "" ? Effect.void : hear(text)
    return Stream.tap(bytes, (chunk) => Effect.suspend(() => told(decoder.decode(chunk, { stream: true })))).pipe(
      Stream.concat(Stream.execute(Effect.suspend(() => told(decoder.decode()))))
    )
  })

/**
 * Runs a program in the working directory of a runtime, to its end, which is that of its output, as with `ssh host command`. What
 * it prints goes to the execution log, as of a task. Interruption ends it, with all that it has started; where whoever reads its
 * output has gone, it ends as by SIGPIPE.
 *
 * @since 0.1.0
 * @category execution
 * @example
 * import { Runtime, RuntimeProgram } from "lazycluster"
 * import { Effect } from "effect"
 *
 * const lines = Effect.gen(function*() {
 *   const runtime = yield* Runtime.make("host-1", { workingDirectory: "~" })
 *   const { exitCode, stdout } = yield* RuntimeProgram.run(runtime, ["grep", "-c", "it's", "notes.txt"])
 *   return exitCode === 0 ? Number(stdout) : 0
 * }).pipe(Effect.scoped)
 */
export const run = Effect.fn("RuntimeProgram.run")(function*(
  runtime: Runtime,
  program: Program,
  options: Options = {}
): Effect.fn.Return<Ended, SshError, ExecutionLog> {
  const { env, name = "run", outputLimit = 1_048_576, streams = {} } = options
  const host = runtime.host.alias
  const shown = render(program)
  const executionLog = yield* ExecutionLog
  const execute = Effect.gen(function*() {
    const log = yield* executionLog.open({ host, task: name })
    yield* log.note(`task ${name} on ${host}, ${DateTime.formatIso(yield* DateTime.now)}`)
    yield* log.stepStarted(0, "RunProgram", `run ${shown.length > 200 ? `${shown.slice(0, 200)}…` : shown}`)
    const capture = yield* OutputCapture.make({ limit: outputLimit, lines: 1 })
    const kept = (process: RemoteProcess, from: Origin) =>
      heard(process[from], (text) => Effect.zipRight(capture.add(from, text), log.output(from, text)))
    const { stderr: err = Sink.drain, stdin = Stream.empty, stdout: out = Sink.drain } = streams
    const [duration, { code, signal }] = yield* runtime.exec({ argv: argv(program), env, lasting: true }).pipe(
      Effect.tap((process) => Effect.forkScoped(feed(process, stdin))),
      Effect.flatMap((process) =>
        Effect.all([
          Stream.run(kept(process, "stdout"), out),
          Stream.run(kept(process, "stderr"), err)
        ], { concurrency: 2, discard: true }).pipe(
          Effect.zipRight(process.exit),
          // Whoever reads what it prints has gone.
          Effect.catchIf((error) => error._tag !== "SshError", () => Effect.succeed(bySignal("PIPE")))
        )
      ),
      Effect.scoped,
      Effect.timed,
      Effect.onInterrupt(() => log.note("interrupted")),
      Effect.tapError((error) => log.note(error.message))
    )
    yield* log.stepEnded(0, {
      duration,
      exitCode: code,
      failed: signal !== undefined
        ? `SIG${signal} ended the program`
        : code !== 0
        ? `the program ended with exit code ${code}`
        : undefined
    })
    const { stderr, stdout } = yield* capture.get
    return {
      host,
      exitCode: code,
      stdout: stdout.text,
      stderr: stderr.text,
      dropped: { stdout: stdout.dropped, stderr: stderr.dropped },
      duration,
      logFile: log.file
    }
  }).pipe(Effect.scoped)
  return yield* runtime.tasks.counted(execute)
})
