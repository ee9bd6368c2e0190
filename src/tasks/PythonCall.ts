/**
 * Runs a Python function on a host.
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
import * as Programs from "../internal/programs.ts"
import * as ResultFrame from "../internal/resultFrame.ts"
import type { ExitStatus } from "../services/SshConnection.ts"
import type { SshError } from "../services/SshError.ts"
import { fromReport, PythonError, PythonReport } from "./PythonError.ts"
import * as PythonFunction from "./PythonFunction.ts"
import type { TaskTarget } from "./TaskTarget.ts"

/**
 * Where a function runs.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The interpreter; default `python3`. */
  readonly python?: string | undefined
  readonly env?: Readonly<Record<string, string>> | undefined
}

/**
 * A function that is running. Both outputs must be read to their end, each once; then its answer is there.
 *
 * @since 0.1.0
 * @category models
 */
export interface Running {
  /** What the function prints, without its answer. */
  readonly stdout: Stream.Stream<Uint8Array, SshError>
  readonly stderr: Stream.Stream<Uint8Array, SshError>
  /** JSON text of what it returned. */
  readonly text: Effect.Effect<string, PythonError | SshError>
}

const step = "call"

const nonce: Effect.Effect<string> = Effect.map(
  Effect.replicateEffect(Random.nextIntBetween(0, 0x1000000), 4),
  (parts) => parts.map((part) => part.toString(16).padStart(6, "0")).join("")
)

const endedHint = (exit: ExitStatus): string | undefined =>
  exit.code === 126 || exit.code === 127
    ? "install Python 3 on the host, or name its interpreter"
    : exit.signal === "KILL" || exit.code === 137
    ? "the host may have run out of memory"
    : undefined

const ended = (host: string, name: string, exit: ExitStatus, log: ReadonlyArray<string>): PythonError =>
  new PythonError({
    reason: "Ended",
    host,
    step,
    function: name,
    detail: exit.signal === undefined
      ? `its process ended with exit code ${exit.code} before it answered`
      : `its process was ended by SIG${exit.signal} before it answered`,
    log,
    hint: endedHint(exit)
  })

const Failure = Schema.parseJson(Schema.Struct({ error: PythonReport }))

/** The value stays text: a hundred megabytes are read once, by the schema. */
const textOf = (answer: string, where: { readonly host: string; readonly step: string }) =>
  answer.startsWith("{\"value\":")
    ? Effect.succeed(answer.slice("{\"value\":".length, -1))
    : Effect.flatMap(Effect.orDie(Schema.decode(Failure)(answer)), ({ error }) => fromReport(error, where))

const requestLine = ({ args, name, source }: PythonFunction.Request): string =>
  `{"code":${JSON.stringify({ source, name })},"args":${args}}\n`

/**
 * Starts a function on a host. Closing the scope ends it.
 *
 * @since 0.1.0
 * @category execution
 */
export const start: (
  target: TaskTarget,
  request: PythonFunction.Request,
  options?: Options
) => Effect.Effect<Running, SshError, Scope.Scope> = Effect.fn("PythonCall.start")(
  function*(target: TaskTarget, request: PythonFunction.Request, options: Options = {}) {
    const host = target.host.alias
    const calling = yield* Programs.load("calling", "python")
    const program = yield* Programs.load("function", "python")
    const mark = yield* nonce
    const process = yield* target.python(program, [mark, calling.source], options)
    // Beside the reading: a process that ends before it has read everything fails the write, and its exit says why.
    yield* process.write(requestLine(request)).pipe(
      Effect.zipRight(process.endInput),
      Effect.ignore,
      Effect.forkScoped
    )
    const frame = ResultFrame.make(mark)
    const tail = LogTail.make()
    const outEnded = yield* Deferred.make<void>()
    const errEnded = yield* Deferred.make<void>()
    return {
      stdout: process.stdout.pipe(
        Stream.map(frame.push),
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
        return Option.isSome(answer)
          ? yield* textOf(answer.value, { host, step })
          : yield* ended(host, request.name, exit, tail.lines())
      })
    }
  }
)

/**
 * Calls a function on a host and gives what it returns; what it prints is dropped.
 *
 * @since 0.1.0
 * @category execution
 * @example
 * import { PythonCall, PythonFunction, type TaskTarget } from "lazycluster"
 * import { Schema } from "effect"
 *
 * const square = PythonFunction.make({
 *   source: "def square(x): return x ** 2",
 *   args: { x: Schema.Number },
 *   returns: Schema.Number
 * })
 *
 * declare const runtime: TaskTarget.TaskTarget
 *
 * const nine = PythonCall.call(runtime, square, { x: 3 })
 */
export const call: <Args, Returns>(
  target: TaskTarget,
  self: PythonFunction.PythonFunction<Args, Returns>,
  args: Args,
  options?: Options
) => Effect.Effect<Returns, PythonError | SshError> = Effect.fn("PythonCall.call")(
  function*<Args, Returns>(
    target: TaskTarget,
    self: PythonFunction.PythonFunction<Args, Returns>,
    args: Args,
    options?: Options
  ) {
    const request = yield* PythonFunction.request(self, args)
    const running = yield* start(target, request, options)
    yield* Effect.all([Stream.runDrain(running.stdout), Stream.runDrain(running.stderr)], {
      concurrency: 2,
      discard: true
    })
    const text = yield* running.text
    return yield* PythonFunction.decodeResult(self, text, target.host.alias)
  },
  Effect.scoped
)
