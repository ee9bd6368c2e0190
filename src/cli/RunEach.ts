/**
 * `run` of a command for each line: a work queue over the hosts.
 *
 * @since 0.1.0
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Stream from "effect/Stream"
import { decodeText } from "../internal/outputText.ts"
import type { GroupError } from "../runtimes/GroupError.ts"
import * as Runtime from "../runtimes/Runtime.ts"
import * as RuntimeGroup from "../runtimes/RuntimeGroup.ts"
import * as RuntimeTask from "../tasks/RuntimeTask.ts"
import type { TaskError } from "../tasks/TaskError.ts"
import type { TaskResult } from "../tasks/TaskResult.ts"
import type { TaskRunner } from "../tasks/TaskRunner.ts"
import { UsageError } from "./Invocation.ts"
import * as RunReport from "./RunReport.ts"
import * as RunWork from "./RunWork.ts"
import { StandardStreams } from "./StandardStreams.ts"
import * as View from "./View.ts"

type Work = Extract<RunWork.Work, { readonly _tag: "Each" }>

/**
 * The lines, blank ones left out, as they are read.
 *
 * @since 0.1.0
 * @category constructors
 */
export const items = (from: string): Stream.Stream<string, UsageError, FileSystem.FileSystem> =>
  Stream.unwrap(Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const { stdin } = yield* StandardStreams
    return from === "-" ? stdin : fs.stream(from)
  })).pipe(
    decodeText,
    Stream.splitLines,
    Stream.filter((line) => line.trim() !== ""),
    Stream.mapError(({ message }) =>
      new UsageError({ detail: `--each ${from}: ${message}`, hint: "a file of lines, or - for standard input" })
    )
  )

/** What one attempt at an item left. */
interface Tried {
  readonly host: string
  readonly item: string
  readonly index: number
  readonly result: Either.Either<TaskResult, TaskError>
}

const reportOf = ({ host, index, item, result }: Tried): RunReport.RunReport =>
  Either.match(result, {
    onLeft: (error) => ({
      host,
      item,
      index,
      ...(error.exitCode === undefined ? { error: error.detail } : { exitCode: error.exitCode }),
      stdout: "",
      stderr: error.log.join("\n"),
      ...(error.logFile === undefined ? {} : { logFile: error.logFile })
    }),
    onRight: ({ executionLog: [step], logFile }) => ({
      host,
      item,
      index,
      exitCode: step?.exitCode ?? 0,
      stdout: step?.stdout ?? "",
      stderr: step?.stderr ?? "",
      ...(step === undefined ? {} : { duration: step.duration }),
      ...(logFile === undefined ? {} : { logFile })
    })
  })

/**
 * Runs a command for each line. What they print comes through the execution log, line by line. Gives the reports of those that
 * failed, in the order of the lines.
 *
 * @since 0.1.0
 * @category execution
 */
export const run = Effect.fnUntraced(function*(
  group: RuntimeGroup.RuntimeGroup,
  { from, inTurn, program }: Work,
  { jobs = 1, name }: { readonly jobs: number | undefined; readonly name: string }
): Effect.fn.Return<
  ReadonlyArray<RunReport.RunReport>,
  GroupError | UsageError,
  View.View | TaskRunner | FileSystem.FileSystem
> {
  const view = yield* View.View
  const lines = items(from)
  const taskOf = (item: string) => RuntimeTask.make(name).pipe(RuntimeTask.runCommand(RunWork.lineFor(program, item)))
  const told = (tried: Tried) => {
    const report = reportOf(tried)
    return Effect.as(RunReport.tell(report), RunReport.code(report) === 0 ? [] : [report])
  }
  const queued = RuntimeGroup.forEachEither(group, lines, taskOf, { perHost: jobs, ordered: false }).pipe(
    Stream.mapEffect(told),
    Stream.runFold({ count: 0, failed: new Array<RunReport.RunReport>() }, ({ count, failed }, more) => ({
      count: count + 1,
      failed: [...failed, ...more]
    }))
  )
  const dealt = Effect.flatMap(
    Stream.runCollect(lines),
    (all) =>
      RuntimeGroup.roundRobin(group, all, (runtime, item, index) =>
        Effect.flatMap(
          Effect.either(Runtime.execute(runtime, taskOf(item))),
          (result) => told({ host: runtime.host.alias, item, index, result })
        ))
  ).pipe(Effect.map((all) => ({ count: all.length, failed: all.flat() })))
  const { count, failed } = yield* inTurn ? dealt : queued
  yield* view.note(`${count} done${failed.length === 0 ? "" : `, ${failed.length} of them failed`}`)
  return failed.toSorted((a, b) => (a.index ?? 0) - (b.index ?? 0))
})

/**
 * What would run, a row for each line.
 *
 * @since 0.1.0
 * @category constructors
 */
export const plan = (hosts: ReadonlyArray<string>, { from, inTurn, program }: Work) =>
  Effect.map(Stream.runCollect(items(from)), (all) =>
    Chunk.toReadonlyArray(all).map((item, index) => ({
      host: inTurn ? [hosts[index % hosts.length] ?? ""] : hosts,
      command: RunWork.lineFor(program, item)
    })))
