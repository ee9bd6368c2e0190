/**
 * The output of a long-running process in the execution log of the manager. It stands in files on the host and is followed by
 * offset: a link that is lost and comes back leaves no gap in the log and repeats nothing.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as bounded from "../internal/bounded.ts"
import { decodeText } from "../internal/outputText.ts"
import { ExecutionLog, type TaskLog } from "./ExecutionLog.ts"
import type { Host } from "./Host.ts"
import type { SshError } from "./SshError.ts"

/**
 * A process that prints to files on its host. A `Service` of a runtime is one.
 *
 * @since 0.1.0
 * @category models
 */
export interface Followed {
  readonly name: string
  readonly exit: Effect.Effect<number, SshError>
  readonly output: (
    from: "out" | "err",
    offset?: number,
    dropped?: (bytes: number) => Effect.Effect<void>
  ) => Stream.Stream<Uint8Array, SshError>
}

/** What a process says while it is ended is written, too, unless its host cannot be asked for so long. */
const lastWords = "2 seconds"

const follow = (log: TaskLog, service: Followed) => {
  const both = Effect.forEach(
    [["out", "stdout"], ["err", "stderr"]] as const,
    ([kind, from]) =>
      service.output(
        kind,
        0,
        (bytes) => log.note(`${bytes} bytes of ${from} are missing: the host keeps the end of it only`)
      )
        .pipe(
          decodeText,
          Stream.runForEach((text) => log.output(from, text))
        ),
    { concurrency: 2, discard: true }
  )
  return both.pipe(
    Effect.zipRight(service.exit),
    Effect.matchEffect({
      onFailure: (error) => log.note(`lost: ${error.message}`),
      onSuccess: (code) => log.note(`ended with exit code ${code}`)
    })
  )
}

/**
 * Starts a process and writes what it prints to the execution log, into `<name>_<time>.log` beside those of tasks. The log
 * goes on until the process has ended; closing the scope ends the process first, then the log.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * import { Effect } from "effect"
 * import { Runtime, ServiceLog } from "lazycluster"
 *
 * const served = Effect.gen(function*() {
 *   const runtime = yield* Runtime.make("host-1")
 *   const server = yield* ServiceLog.record(runtime.host, runtime.start("server", { argv: ["python3", "-m", "http.server"] }))
 *   return server.logFile
 * }).pipe(Effect.scoped)
 */
export const record = <S extends Followed, E, R>(
  host: Host,
  start: Effect.Effect<S, E, R>
): Effect.Effect<S & { readonly logFile: string | undefined }, E, R | ExecutionLog | Scope.Scope> =>
  Effect.gen(function*() {
    const executionLog = yield* ExecutionLog
    // Made first: it closes after the process has been ended.
    const writing = yield* Scope.fork(yield* Effect.scope, ExecutionStrategy.sequential)
    const service = yield* start
    const log = yield* Scope.extend(executionLog.open({ host: host.alias, task: service.name }), writing)
    const fiber = yield* Effect.forkIn(follow(log, service), writing)
    yield* Scope.addFinalizer(writing, bounded.within(Fiber.await(fiber), lastWords))
    return { ...service, logFile: log.file }
  }).pipe(Effect.withSpan("ServiceLog.record", { attributes: { host: host.alias } }))
