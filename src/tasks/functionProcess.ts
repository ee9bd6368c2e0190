/**
 * A function in a process of its own on a host.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as LogTail from "../internal/logTail.ts"
import * as Nonce from "../internal/nonce.ts"
import { decodeText } from "../internal/outputText.ts"
import * as ResultFrame from "../internal/resultFrame.ts"
import type { Origin } from "../services/ExecutionLog.ts"
import type { ExitStatus, RemoteProcess } from "../services/SshConnection.ts"
import { fromReport, FunctionError, FunctionReport } from "./FunctionError.ts"
import type { Prepare, Prepared } from "./functionPreparation.ts"
import * as RemoteFunction from "./RemoteFunction.ts"
import type { TaskTarget } from "./TaskTarget.ts"

/**
 * A call, and who hears of it.
 *
 * @internal
 */
export interface Options<Args, Returns, Progress> {
  readonly prepare: Prepare
  readonly function: RemoteFunction.RemoteFunction<Args, Returns, unknown, unknown, Progress>
  readonly request: RemoteFunction.Request
  readonly interpreter?: string | undefined
  readonly env?: Readonly<Record<string, string>> | undefined
  /** Bytes of an answer. */
  readonly resultLimit?: number | undefined
  /** What it prints, without its reports and its answer. The function waits meanwhile, once what lies between is full. */
  readonly onOutput: (from: Origin, text: string) => Effect.Effect<void>
  /** As `onOutput`. */
  readonly onReport: (value: Progress) => Effect.Effect<void>
}

const step = "call"
const mebibyte = 1_048_576
const defaultLimit = 256 * mebibyte
/** The largest text of V8 is a bit larger. */
const largestLimit = 511 * mebibyte

interface At {
  readonly host: string
  readonly request: RemoteFunction.Request
}

const failure = (
  { host, request }: At,
  reason: FunctionError["reason"],
  detail: string,
  more: { readonly log?: ReadonlyArray<string>; readonly hint?: string | undefined } = {}
): FunctionError =>
  new FunctionError({ reason, language: request.code._tag, host, step, function: request.name, detail, ...more })

/** The shell's answers for what cannot be started, and that of our boot for a Node that is too old. */
const isNotStarted = ({ code, signal }: ExitStatus): boolean => signal === undefined && (code === 126 || code === 127)

const ended = (at: At, interpreter: string, exit: ExitStatus, log: ReadonlyArray<string>): FunctionError =>
  isNotStarted(exit)
    ? failure(at, "Interpreter", `${interpreter} cannot run it on this host`, {
      log,
      hint: at.request.code._tag === "Python"
        ? "install Python 3 on the host, or name its interpreter with the option `interpreter`"
        : "install Node 18 or newer on the host, or name its path with the option `interpreter`: sshd's PATH may lack it"
    })
    : failure(
      at,
      "Ended",
      exit.signal === undefined
        ? `its process ended with exit code ${exit.code} before it answered`
        : `its process was ended by SIG${exit.signal} before it answered`,
      { log, hint: exit.signal === "KILL" || exit.code === 137 ? "the host may have run out of memory" : undefined }
    )

const Failure = Schema.parseJson(Schema.Struct({ error: FunctionReport }))

/** The value stays text: a hundred megabytes are read once, by the schema. */
const textOf = (answer: string, at: At) =>
  answer.startsWith("{\"value\":")
    ? Effect.succeed(answer.slice("{\"value\":".length, -1))
    : Effect.flatMap(
      Effect.orElseFail(Schema.decode(Failure)(answer), () => failure(at, "Ended", "its answer cannot be read")),
      ({ error }) => fromReport(error, { host: at.host, step, language: at.request.code._tag })
    )

/** Characters that are made bytes at a time: a hundred megabytes need no second copy. */
const piece = 262_144

const isHighSurrogate = (code: number): boolean => code >= 0xd800 && code <= 0xdbff

/** UTF-8 of a text, piece by piece, no character cut in two. */
const pieces = (text: string): Stream.Stream<Uint8Array> =>
  Stream.unfold(0, (at) => {
    if (at >= text.length) return Option.none()
    const end = at + piece - (isHighSurrogate(text.charCodeAt(at + piece - 1)) ? 1 : 0)
    return Option.some([new TextEncoder().encode(text.slice(at, end)), end] as const)
  })

/** What the process prints, and what it answers once it has ended. */
const listen = Effect.fnUntraced(function*<Args, Returns, Progress>(
  process: RemoteProcess,
  at: At,
  prepared: Prepared,
  mark: string,
  options: Options<Args, Returns, Progress>
) {
  const frame = ResultFrame.make(mark, Math.min(options.resultLimit ?? defaultLimit, largestLimit))
  const tail = LogTail.make()
  const reported = (text: string) =>
    Effect.flatMap(RemoteFunction.decodeProgress(options.function, text, at.host), options.onReport)
  const taken = Effect.fnUntraced(function*(chunk: Uint8Array) {
    const { output, reports } = frame.push(chunk)
    yield* Effect.forEach(reports, reported, { discard: true })
    const problem = frame.problem()
    return problem === undefined ? output : yield* failure(at, "Result", problem, {
      hint: "let the function leave it in a file, and get that; or raise `resultLimit`"
    })
  })
  const stdout = process.stdout.pipe(Stream.mapEffect(taken), Stream.concat(Stream.sync(frame.end)))
  const stderr = Stream.tap(process.stderr, (chunk) => Effect.sync(() => tail.push(chunk)))
  const heard = <E>(from: Origin, bytes: Stream.Stream<Uint8Array, E>) =>
    Stream.runForEach(decodeText(bytes), (text) => options.onOutput(from, text))
  yield* Effect.all([heard("stdout", stdout), heard("stderr", stderr)], { concurrency: 2, discard: true })
  const exit = yield* process.exit
  const answer = frame.answer()
  if (Option.isSome(answer)) return yield* textOf(answer.value, at)
  // The environment that it belonged to may have been removed.
  if (isNotStarted(exit)) yield* prepared.forget
  return yield* ended(at, prepared.interpreter, exit, tail.lines())
})

/**
 * Calls a function on a host and gives what it returns. Interruption ends it there.
 *
 * @internal
 */
export const run = Effect.fnUntraced(function*<Args, Returns, Progress>(
  target: TaskTarget,
  options: Options<Args, Returns, Progress>
) {
  const { request } = options
  const at = { host: target.host.alias, request }
  const prepared = yield* options.prepare(target, request, options.interpreter)
  const mark = yield* Nonce.hex(4)
  const process = yield* prepared.start(target, mark, options.env)
  // Beside the reading: a process that ends before it has read everything fails the write, and its exit says why.
  yield* Stream.runForEach(
    Stream.flatMap(Stream.make(`{"code":${prepared.code},"args":`, request.args, "}\n"), pieces),
    process.write
  ).pipe(Effect.zipRight(process.endInput), Effect.ignore, Effect.forkScoped)
  const text = yield* listen(process, at, prepared, mark, options)
  return yield* RemoteFunction.decodeResult(options.function, text, at.host)
}, Effect.scoped)
