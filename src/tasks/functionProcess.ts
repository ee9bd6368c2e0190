/**
 * A function in a process of its own on a host.
 *
 * @since 0.1.0
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as LogTail from "../internal/logTail.ts"
import * as ResultFrame from "../internal/resultFrame.ts"
import type { ExitStatus } from "../services/SshConnection.ts"
import type { SshError } from "../services/SshError.ts"
import { fromReport, FunctionError, FunctionReport } from "./FunctionError.ts"
import type { Prepared } from "./functionPreparation.ts"
import type { Request } from "./RemoteFunction.ts"
import type { TaskTarget } from "./TaskTarget.ts"

/** @internal */
export interface Options {
  readonly env?: Readonly<Record<string, string>> | undefined
  /** Bytes of an answer. */
  readonly resultLimit?: number | undefined
  /** JSON text of each report. The function waits meanwhile, once what lies between is full. */
  readonly onReport: (text: string) => Effect.Effect<void, FunctionError>
}

/**
 * A function that is running. Both outputs must be read to their end, each once; then its answer is there.
 *
 * @internal
 */
export interface Running {
  /** What the function prints, without its reports and its answer. */
  readonly stdout: Stream.Stream<Uint8Array, SshError | FunctionError>
  readonly stderr: Stream.Stream<Uint8Array, SshError>
  /** JSON text of what it returned. */
  readonly text: Effect.Effect<string, FunctionError | SshError>
}

const step = "call"
const mebibyte = 1_048_576
const defaultLimit = 256 * mebibyte
/** The largest text of V8 is a bit larger. */
const largestLimit = 511 * mebibyte

const nonce: Effect.Effect<string> = Effect.map(
  Effect.replicateEffect(Random.nextIntBetween(0, 0x1000000), 4),
  (parts) => parts.map((part) => part.toString(16).padStart(6, "0")).join("")
)

interface At {
  readonly host: string
  readonly request: Request
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

/**
 * Starts a function on a host. Closing the scope ends it.
 *
 * @internal
 */
export const start = Effect.fnUntraced(function*(
  target: TaskTarget,
  request: Request,
  prepared: Prepared,
  options: Options
): Effect.fn.Return<Running, SshError, Scope.Scope> {
  const at = { host: target.host.alias, request }
  const mark = yield* nonce
  const process = yield* prepared.start(target, mark, options.env)
  // Beside the reading: a process that ends before it has read everything fails the write, and its exit says why.
  yield* Stream.runForEach(
    Stream.flatMap(Stream.make(`{"code":${prepared.code},"args":`, request.args, "}\n"), pieces),
    process.write
  ).pipe(Effect.zipRight(process.endInput), Effect.ignore, Effect.forkScoped)
  const frame = ResultFrame.make(mark, Math.min(options.resultLimit ?? defaultLimit, largestLimit))
  const tail = LogTail.make()
  const outEnded = yield* Deferred.make<void>()
  const errEnded = yield* Deferred.make<void>()
  const taken = (chunk: Uint8Array): Effect.Effect<Uint8Array, FunctionError> => {
    const { output, reports } = frame.push(chunk)
    const problem = frame.problem()
    return Effect.forEach(reports, options.onReport, { discard: true }).pipe(
      Effect.zipRight(
        problem === undefined
          ? Effect.succeed(output)
          : failure(at, "Result", problem, {
            hint: "let the function leave it in a file, and get that; or raise `resultLimit`"
          })
      )
    )
  }
  return {
    stdout: process.stdout.pipe(
      Stream.mapEffect(taken),
      Stream.concat(Stream.sync(frame.end)),
      Stream.filter((chunk) => chunk.length > 0),
      Stream.ensuring(Deferred.succeed(outEnded, undefined))
    ),
    stderr: process.stderr.pipe(
      Stream.tap((chunk) => Effect.sync(() => tail.push(chunk))),
      Stream.ensuring(Deferred.succeed(errEnded, undefined))
    ),
    text: Effect.gen(function*() {
      yield* Deferred.await(outEnded)
      yield* Deferred.await(errEnded)
      const exit = yield* process.exit
      const answer = frame.answer()
      if (Option.isSome(answer)) return yield* textOf(answer.value, at)
      // The environment that it belonged to may have been removed.
      if (isNotStarted(exit)) yield* prepared.forget
      return yield* ended(at, prepared.interpreter, exit, tail.lines())
    })
  }
})
