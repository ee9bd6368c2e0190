/**
 * `run` of one program: on one host with the streams of this process, or on each host.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { GroupError } from "../runtimes/GroupError.ts"
import type { Runtime } from "../runtimes/Runtime.ts"
import * as RuntimeGroup from "../runtimes/RuntimeGroup.ts"
import * as RuntimeProgram from "../runtimes/RuntimeProgram.ts"
import type { ExecutionLog } from "../services/ExecutionLog.ts"
import type { SshError } from "../services/SshError.ts"
import { Invocation } from "./Invocation.ts"
import * as RunReport from "./RunReport.ts"
import { StandardStreams } from "./StandardStreams.ts"
import * as View from "./View.ts"

/**
 * How to run it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly name: string
  readonly timeout: Duration.Duration | undefined
  readonly jobs: number | undefined
}

/** As timeout(1) has it. */
const timedOut = 124

const nothing = { stdout: "", stderr: "" }

const ended = (ended: RuntimeProgram.Ended): RunReport.RunReport => ({
  host: ended.host,
  exitCode: ended.exitCode,
  stdout: ended.stdout,
  stderr: ended.stderr,
  duration: ended.duration,
  ...(ended.logFile === undefined ? {} : { logFile: ended.logFile })
})

/** To its end, or to that of its time; a host that is lost is a report like others. */
const report = Effect.fnUntraced(function*(
  runtime: Runtime,
  program: RuntimeProgram.Program,
  { name, timeout }: Options,
  streams: RuntimeProgram.Options["streams"]
) {
  const view = yield* View.View
  const host = runtime.host.alias
  const run = Effect.map(RuntimeProgram.run(runtime, program, { name, streams }), ended)
  const bounded = timeout === undefined ? run : Effect.timeoutTo(run, {
    duration: timeout,
    onSuccess: (report) => report,
    onTimeout: (): RunReport.RunReport => ({
      host,
      exitCode: timedOut,
      error: `ended, as it ran for more than ${Duration.format(timeout)} (--timeout)`,
      ...nothing,
      duration: timeout
    })
  })
  const [duration, done] = yield* bounded.pipe(
    Effect.catchAll((error: SshError) => Effect.succeed({ host, error: error.message, ...nothing })),
    Effect.onInterrupt(() => view.note(`${view.notePaint.host(host)}: interrupted, and ended there`)),
    Effect.timed
  )
  return { duration, ...done }
})

/**
 * Runs it on the host with the most room, as if it were here: what it reads and prints is what this process reads and prints,
 * byte for byte.
 *
 * @since 0.1.0
 * @category execution
 */
export const one = Effect.fnUntraced(function*(
  group: RuntimeGroup.RuntimeGroup,
  program: RuntimeProgram.Program,
  options: Options
): Effect.fn.Return<ReadonlyArray<RunReport.RunReport>, GroupError, View.View | ExecutionLog> {
  const view = yield* View.View
  const { json } = yield* Invocation
  const runtime = yield* RuntimeGroup.leastLoaded(group)
  const { stderr, stdin, stdout, terminal = Effect.succeed(false) } = yield* StandardStreams
  if (group.runtimes.length > 1) yield* view.note(view.notePaint.weak(`on ${runtime.host.alias}`))
  // Somebody at a terminal would have to guess that a program waits for words: `shell` is for that.
  const input = (yield* terminal) ? Stream.empty : stdin
  const done = yield* view.still(
    report(runtime, program, options, json ? { stdin: input } : { stdin: input, stdout, stderr })
  )
  // What it printed says why it ended as it did.
  if (json || done.error !== undefined) yield* RunReport.tell(done)
  return [done]
})

/**
 * Runs it on each host, whatever becomes of the others. What they print comes through the execution log, line by line.
 *
 * @since 0.1.0
 * @category execution
 */
export const onAll = (
  group: RuntimeGroup.RuntimeGroup,
  program: RuntimeProgram.Program,
  options: Options
): Effect.Effect<ReadonlyArray<RunReport.RunReport>, never, View.View | ExecutionLog> =>
  Effect.forEach(
    group.runtimes,
    (runtime) => Effect.tap(report(runtime, program, options, {}), RunReport.tell),
    { concurrency: options.jobs ?? group.concurrency }
  )
