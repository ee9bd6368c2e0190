/**
 * The link to the driver: `programs/driver.py`, a Dask client in Python that speaks newline-delimited JSON.
 *
 * @since 0.1.0
 */
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { within } from "../internal/bounded.ts"
import * as LogTail from "../internal/logTail.ts"
import { decodeText, withoutControl } from "../internal/outputText.ts"
import * as Programs from "../internal/programs.ts"
import type { Invocation, RemoteProcess } from "../services/SshConnection.ts"
import type { SshError } from "../services/SshError.ts"
import { fromReport, type FunctionError, FunctionReport } from "../tasks/FunctionError.ts"
import { DaskClientError } from "./DaskClientError.ts"
import * as driverEnd from "./driverEnd.ts"

/**
 * The driver and its words. Its interpreter must be one that has `distributed`, of the version of the scheduler.
 *
 * @internal
 */
export const invocation = (scheduler: string, timeout: Duration.DurationInput): Effect.Effect<Invocation> =>
  Effect.gen(function*() {
    const program = yield* Programs.load("driver", "python")
    const calling = yield* Programs.load("calling", "python")
    return { program, words: [scheduler, calling.source, String(Duration.toSeconds(timeout))] }
  })

const Problem = Schema.Struct({
  kind: Schema.Literal("WorkerKilled", "Cancelled", "Timeout", "Scheduler", "NoWorker", "Unknown"),
  type: Schema.String,
  message: Schema.String
})

/**
 * Why a future has no value, as the driver says it.
 *
 * @internal
 */
export const Failure = Schema.Union(FunctionReport, Problem)

const Said = Schema.parseJson(Schema.Union(
  Schema.Struct({ event: Schema.Literal("ready"), version: Schema.Literal(1) }),
  Schema.Struct({ event: Schema.Literal("failed", "lost"), detail: Schema.String }),
  Schema.Struct({ id: Schema.Int, error: Failure }),
  Schema.Struct({ id: Schema.Int, ok: Schema.Unknown })
))

const decodeSaid = Schema.decodeUnknownEither(Said)

/** Only lines that came whole: what a dying driver leaves unfinished is no answer. */
const wholeLines = (bytes: Stream.Stream<Uint8Array, SshError>): Stream.Stream<string, SshError> =>
  decodeText(bytes).pipe(
    Stream.mapAccum("", (unfinished, text): readonly [string, ReadonlyArray<string>] => {
      const lines = text.split("\n")
      const rest = lines.pop() ?? ""
      const [first, ...others] = lines
      return first === undefined ? [unfinished + rest, []] : [rest, [unfinished + first, ...others]]
    }),
    Stream.mapConcat((lines) => lines)
  )

const problemHint = (kind: typeof Problem.Type.kind): string | undefined => {
  switch (kind) {
    case "WorkerKilled":
      return "the function may need more memory than a worker has; the logs of the workers say more"
    case "Unknown":
      return "keep a future until its value has been read, and use it with the client that made it"
    case "NoWorker":
      return "`info` tells who is there; `waitForWorkers` waits for those that are still to come"
    case "Timeout":
    case "Scheduler":
    case "Cancelled":
      return undefined
  }
}

const reasonOf = (kind: typeof Problem.Type.kind): DaskClientError["reason"] =>
  kind === "Unknown" ? "Released" : kind === "NoWorker" ? "Scheduler" : kind

/**
 * The error of it.
 *
 * @internal
 */
export const failureOf = (host: string, failure: typeof Failure.Type): DaskClientError | FunctionError =>
  failure instanceof FunctionReport
    ? fromReport(failure, { host, step: "dask", language: "Python" })
    : new DaskClientError({
      reason: reasonOf(failure.kind),
      host,
      step: "dask.future",
      detail: failure.type === "" ? failure.message : `${failure.type}: ${failure.message}`,
      hint: problemHint(failure.kind)
    })

/**
 * The link. `request` sends an operation with the text of its fields (`"key":"a"`) and reads the answer by a schema; an
 * interrupted one is forgotten by the driver, too, and so is what it made.
 *
 * @internal
 */
export interface DaskDriver {
  readonly request: <A, I>(
    op: string,
    fields: string,
    answer: Schema.Schema<A, I>
  ) => Effect.Effect<A, DaskClientError | FunctionError>
  /** The same without an answer: also where nothing can be interrupted. */
  readonly tell: (op: string, fields: string) => Effect.Effect<void>
}

/**
 * Opens the link: waits until the driver is connected to the scheduler. Closing the scope ends the driver's input, and with it
 * the driver.
 *
 * @internal
 */
export const open = (options: {
  readonly process: RemoteProcess
  readonly host: string
  readonly timeout: Duration.DurationInput
}): Effect.Effect<DaskDriver, DaskClientError, Scope.Scope> =>
  Effect.gen(function*() {
    const { host, process } = options
    const pending = new Map<number, Deferred.Deferred<unknown, DaskClientError | FunctionError>>()
    const ready = yield* Deferred.make<void, DaskClientError>()
    const lines = yield* Queue.bounded<string>(64)
    const tail = LogTail.make()
    let last = 0
    let gone: DaskClientError | undefined

    const error = (
      reason: DaskClientError["reason"],
      step: string,
      detail: string,
      more?: { readonly hint?: string | undefined; readonly log?: ReadonlyArray<string> | undefined }
    ): DaskClientError => new DaskClientError({ reason, host, step: `dask.${step}`, detail, ...more })

    const end = (cause: DaskClientError): Effect.Effect<void> =>
      Effect.sync(() => {
        gone ??= cause
        Deferred.unsafeDone(ready, Effect.fail(gone))
        for (const waiter of pending.values()) Deferred.unsafeDone(waiter, Effect.fail(gone))
        pending.clear()
      })

    const receive = (line: string): Effect.Effect<void, DaskClientError> => {
      const said = decodeSaid(line)
      if (Either.isLeft(said)) {
        return error("Protocol", "read", `the driver said ${withoutControl(line.slice(0, 200))}`)
      }
      const message = said.right
      if ("event" in message) {
        return message.event === "ready"
          ? Effect.asVoid(Deferred.succeed(ready, undefined))
          : error("Scheduler", "connect", message.detail, {
            hint: "the scheduler's log tells whether it runs; the driver needs its version of distributed",
            log: tail.lines()
          })
      }
      const waiter = pending.get(message.id)
      if (waiter === undefined) return Effect.void
      if ("ok" in message) return Effect.asVoid(Deferred.succeed(waiter, message.ok))
      return Effect.asVoid(Deferred.fail(waiter, failureOf(host, message.error)))
    }

    const exit = yield* driverEnd.watch(process, tail)
    const ended = Effect.gen(function*() {
      const detail = Option.match(yield* exit, {
        onNone: () => "the driver closed its output",
        onSome: (how) => typeof how === "string" ? `the driver was ended ${how}` : how.message
      })
      return yield* error("DriverLost", "driver", detail, {
        log: tail.lines(),
        hint: "its futures are lost with it: make a new client"
      })
    })

    yield* wholeLines(process.stdout).pipe(
      Stream.runForEach(receive),
      Effect.catchTag("SshError", () => Effect.void),
      Effect.zipRight(ended),
      Effect.catchAll(end),
      Effect.forkScoped
    )

    yield* Queue.takeBetween(lines, 1, 64).pipe(
      Effect.flatMap((some) => process.write([...some].join(""))),
      Effect.forever,
      // The reader hears of the end, and why.
      Effect.ignore,
      Effect.forkScoped
    )

    // After the fibers, so before them when the scope closes.
    yield* Effect.addFinalizer(() =>
      Effect.zipRight(end(error("DriverLost", "driver", "the client's scope is closed")), process.endInput)
    )

    yield* Deferred.await(ready).pipe(
      Effect.timeoutFail({
        duration: options.timeout,
        onTimeout: () =>
          error("Timeout", "connect", `no scheduler within ${Duration.format(options.timeout)}`, {
            log: tail.lines(),
            hint: "the driver's log is above; the scheduler's tells whether it runs"
          })
      })
    )

    const waiting = (op: string, fields: string) =>
      Effect.acquireUseRelease(
        Effect.flatMap(Deferred.make<unknown, DaskClientError | FunctionError>(), (waiter) =>
          Effect.suspend(() => {
            if (gone !== undefined) return gone
            const id = ++last
            pending.set(id, waiter)
            return Effect.succeed({ id, waiter })
          })),
        ({ id, waiter }) =>
          Queue.offer(lines, `{"id":${id},"op":"${op}"${fields === "" ? "" : `,${fields}`}}\n`).pipe(
            Effect.zipRight(Deferred.await(waiter)),
            // Where the queue is full the driver does not hear of it, which costs an answer that nobody awaits.
            Effect.onInterrupt(() => Effect.sync(() => lines.unsafeOffer(`{"op":"drop","target":${id}}\n`)))
          ),
        ({ id }) => Effect.sync(() => pending.delete(id))
      )

    const request = <A, I>(op: string, fields: string, answer: Schema.Schema<A, I>) =>
      Effect.flatMap(waiting(op, fields), (ok) =>
        Effect.mapError(Schema.decodeUnknown(answer)(ok), (cause) => error("Protocol", op, cause.message)))

    // Behind what was sent before it; a driver that takes nothing more will end, and with it all that it holds.
    const tell = (op: string, fields: string) =>
      Effect.suspend(() =>
        gone === undefined
          ? within(Queue.offer(lines, `{"id":${++last},"op":"${op}",${fields}}\n`), "5 seconds")
          : Effect.void
      ).pipe(Effect.asVoid)

    return { request, tell }
  })
