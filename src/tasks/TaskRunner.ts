/**
 * Runs tasks: the one interpreter of their steps.
 *
 * @since 0.1.0
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as EventStream from "../internal/eventStream.ts"
import * as OutputCapture from "../internal/outputCapture.ts"
import { ExecutionLog, type TaskLog } from "../services/ExecutionLog.ts"
import * as Metrics from "../services/Metrics.ts"
import * as Preparation from "./functionPreparation.ts"
import { problems, type RuntimeTask } from "./RuntimeTask.ts"
import { type Failed, type Outcome, runStep } from "./StepRunner.ts"
import { TaskError } from "./TaskError.ts"
import type { TaskEvent } from "./TaskEvent.ts"
import type { StepLog, TaskResult } from "./TaskResult.ts"
import * as TaskStep from "./TaskStep.ts"
import type { TaskTarget } from "./TaskTarget.ts"

/**
 * Runs tasks on hosts. The first step that fails ends its task.
 *
 * A command ends when its output ends, as `ssh host command` does: redirect the output of what stays in the background.
 *
 * @since 0.1.0
 * @category tags
 */
export class TaskRunner extends Context.Tag("lazycluster/TaskRunner")<TaskRunner, {
  /** What happens, as it happens. Leaving the stream ends the process of the running step. */
  readonly stream: <Returns extends ReadonlyArray<unknown>>(
    target: TaskTarget,
    task: RuntimeTask<Returns>
  ) => Stream.Stream<TaskEvent<Returns>, TaskError>
  /** What a task leaves. Interruption ends the process of the running step. `onEvent` hears what happens; the task waits for it. */
  readonly run: <Returns extends ReadonlyArray<unknown>>(
    target: TaskTarget,
    task: RuntimeTask<Returns>,
    onEvent?: (event: TaskEvent<Returns>) => Effect.Effect<void>
  ) => Effect.Effect<TaskResult<Returns>, TaskError>
}>() {}

/**
 * The bounds of a runner.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Characters of each step's stdout, and of its stderr, that are kept in memory (default 1 Mi); the log file has all. */
  readonly outputLimit?: number | undefined
  /** Last lines of a failed step in its error (default 20). */
  readonly errorLines?: number | undefined
  /** The most bytes of JSON that a function may return: default 256 MiB, at most 511 MiB. */
  readonly resultLimit?: number | undefined
}

const errorOf = (
  target: TaskTarget,
  task: RuntimeTask,
  failed: Failed,
  at: { readonly step: number | undefined; readonly logFile?: string | undefined }
): TaskError => new TaskError({ host: target.host.alias, task: task.name, ...at, ...failed, log: failed.log ?? [] })

/** Before anything is started, and all at once. */
const check = (target: TaskTarget, task: RuntimeTask): Effect.Effect<void, TaskError> => {
  const found = problems(task)
  return found.length === 0 ? Effect.void : Effect.fail(
    errorOf(target, task, {
      reason: "Invalid",
      detail: found.map(({ detail, step }) => step === undefined ? detail : `step ${step}: ${detail}`).join("; "),
      hint: "nothing was started; correct the task"
    }, { step: found[0]?.step })
  )
}

const make = Effect.fnUntraced(function*(options: Options) {
  const executionLog = yield* ExecutionLog
  const context = yield* Effect.context<FileSystem.FileSystem | Path.Path>()
  const errorLines = options.errorLines ?? 20
  const outputLimit = options.outputLimit ?? 1_048_576
  const { resultLimit } = options
  const prepare = yield* Preparation.make

  const interpret = Effect.fnUntraced(function*<Returns extends ReadonlyArray<unknown>>(
    target: TaskTarget,
    task: RuntimeTask<Returns>,
    log: TaskLog,
    emit: (event: TaskEvent<Returns>) => Effect.Effect<void>
  ) {
    const host = target.host.alias
    yield* log.note(`task ${task.name} on ${host}, ${DateTime.formatIso(yield* DateTime.now)}`)
    yield* emit({ _tag: "TaskStarted", host, task: task.name, steps: task.steps.length, logFile: log.file })
    const executed: Array<StepLog> = []
    const returns: Array<unknown> = []
    for (const [index, step] of task.steps.entries()) {
      const text = TaskStep.render(step)
      yield* log.stepStarted(index, step._tag, text)
      yield* emit({ _tag: "StepStarted", step: index, kind: step._tag, text })
      const capture = yield* OutputCapture.make({ limit: outputLimit, lines: errorLines })
      const [duration, done] = yield* runStep({ target, task, index, log, capture, prepare, resultLimit, emit })(step)
        .pipe(
          Effect.either,
          Effect.timed,
          Effect.provide(context)
        )
      const { stderr, stdout } = yield* capture.get
      const outcome = Either.getOrElse(done, ({ exitCode }): Outcome => ({ exitCode, returns: [] }))
      const ended: StepLog = {
        step: index,
        kind: step._tag,
        text,
        stdout: stdout.text,
        stderr: stderr.text,
        dropped: { stdout: stdout.dropped, stderr: stderr.dropped },
        exitCode: outcome.exitCode,
        transferred: outcome.transferred,
        duration
      }
      yield* log.stepEnded(index, {
        duration,
        exitCode: outcome.exitCode,
        failed: Either.isLeft(done) ? done.left.detail : undefined,
        transferred: outcome.transferred
      })
      yield* emit({ _tag: "StepEnded", step: index, log: ended })
      if (Either.isLeft(done)) {
        const printed = yield* capture.lastLines
        const failed = { ...done.left, log: (done.left.log ?? printed).slice(-errorLines) }
        return yield* errorOf(target, task, failed, { step: index, logFile: log.file })
      }
      executed.push(ended)
      returns.push(...outcome.returns)
    }
    const result: TaskResult<Returns> = {
      host,
      task: task.name,
      executionLog: executed,
      // The builder adds a type to `Returns` with each function step, and each such step has left one value.
      returns: returns as ReadonlyArray<unknown> as Returns,
      logFile: log.file
    }
    yield* emit({ _tag: "TaskEnded", result })
    return result
  })

  const execute = <Returns extends ReadonlyArray<unknown>>(
    target: TaskTarget,
    task: RuntimeTask<Returns>,
    emit: (event: TaskEvent<Returns>) => Effect.Effect<void>
  ): Effect.Effect<TaskResult<Returns>, TaskError> =>
    check(target, task).pipe(
      Effect.zipRight(executionLog.open({ host: target.host.alias, task: task.name })),
      Effect.flatMap((log) => Effect.onInterrupt(interpret(target, task, log, emit), () => log.note("interrupted"))),
      Effect.scoped,
      (run) => Metrics.task(target.host.alias, run),
      Effect.tapBoth({
        onFailure: ({ reason }) => Effect.logDebug(`task failed: ${reason}`),
        onSuccess: () => Effect.logDebug("task done")
      }),
      Effect.annotateLogs({ host: target.host.alias, task: task.name }),
      Effect.withSpan("Task.run", { attributes: { host: target.host.alias, task: task.name } })
    )

  return TaskRunner.of({
    run: (target, task, onEvent = () => Effect.void) => execute(target, task, onEvent),
    stream: <Returns extends ReadonlyArray<unknown>>(target: TaskTarget, task: RuntimeTask<Returns>) =>
      EventStream.make<TaskEvent<Returns>, TaskError, never>((emit) => execute(target, task, emit))
  })
})

/**
 * The runner over an execution log and the files of this machine.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options: Options = {}
): Layer.Layer<TaskRunner, never, ExecutionLog | FileSystem.FileSystem | Path.Path> =>
  Layer.effect(TaskRunner, make(options))

/**
 * What happens while a task runs, as it happens. Leaving the stream ends the process of the running step.
 *
 * @since 0.1.0
 * @category execution
 */
export const stream = <Returns extends ReadonlyArray<unknown>>(
  target: TaskTarget,
  task: RuntimeTask<Returns>
): Stream.Stream<TaskEvent<Returns>, TaskError, TaskRunner> =>
  Stream.unwrap(Effect.map(TaskRunner, (runner) => runner.stream(target, task)))

/**
 * Runs a task to its end and gives what it leaves. Interruption ends the process of the running step.
 *
 * @since 0.1.0
 * @category execution
 * @example
 * import { RuntimeTask, TaskRunner, type TaskTarget } from "lazycluster"
 * import { Effect } from "effect"
 *
 * declare const runtime: TaskTarget.TaskTarget
 *
 * const task = RuntimeTask.make("my-first-task").pipe(RuntimeTask.runCommand("echo Hello World!"))
 *
 * const printed = Effect.map(TaskRunner.run(runtime, task), (done) => done.executionLog[0]?.stdout)
 */
export const run = <Returns extends ReadonlyArray<unknown>>(
  target: TaskTarget,
  task: RuntimeTask<Returns>,
  onEvent?: (event: TaskEvent<Returns>) => Effect.Effect<void>
): Effect.Effect<TaskResult<Returns>, TaskError, TaskRunner> =>
  Effect.flatMap(TaskRunner, (runner) => runner.run(target, task, onEvent))
