/**
 * The tasks of a runtime: how many are under way, and those in the background.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Order from "effect/Order"
import * as Ref from "effect/Ref"
import * as Scope from "effect/Scope"
import type { TaskError } from "../tasks/TaskError.ts"
import type { TaskResult } from "../tasks/TaskResult.ts"
import type { ForkedTask } from "./ForkedTask.ts"
import { JoinError } from "./JoinError.ts"

type Background = Fiber.RuntimeFiber<TaskResult, TaskError>

/**
 * Kept by the runtime, shared by its views.
 *
 * @internal
 */
export interface Tasks {
  readonly running: Effect.Effect<number>
  readonly counted: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  readonly fork: <Returns extends ReadonlyArray<unknown>, R>(
    task: { readonly name: string; readonly omitOnJoin: boolean },
    run: (
      opened: (logFile: string | undefined) => Effect.Effect<void>
    ) => Effect.Effect<TaskResult<Returns>, TaskError, R>
  ) => Effect.Effect<ForkedTask<Returns>, never, R>
  /** What a join waits for. */
  readonly waiting: Effect.Effect<ReadonlyArray<Background>>
  readonly forget: (all: ReadonlyArray<Background>) => Effect.Effect<void>
  readonly ended: Effect.Effect<ReadonlyArray<Exit.Exit<TaskResult, TaskError>>>
}

/** A task that nobody waits for must not fail in silence. */
const told = <A, R>(host: string, name: string, run: Effect.Effect<A, TaskError, R>) =>
  Effect.tapError(
    run,
    (error) =>
      Effect.annotateLogs(Effect.logWarning(`a task that is left out of joins has failed: ${error.message}`), {
        host,
        task: name
      })
  )

/**
 * What runs in the background ends with the scope, all at once.
 *
 * @internal
 */
export const make = Effect.fnUntraced(function*(host: string) {
  const scope = yield* Effect.flatMap(Effect.scope, (scope) => Scope.fork(scope, ExecutionStrategy.parallel))
  const running = yield* Ref.make(0)
  // In order of start. What was joined or interrupted is forgotten: memory holds what somebody may still ask for.
  const waiting = new Set<Background>()

  const more = Ref.update(running, (n) => n + 1)
  const fewer = Ref.update(running, (n) => n - 1)

  const tasks: Tasks = {
    running: Ref.get(running),
    counted: (effect) =>
      Effect.uninterruptibleMask((restore) => Effect.zipRight(more, Effect.ensuring(restore(effect), fewer))),
    fork: Effect.fnUntraced(function*<Returns extends ReadonlyArray<unknown>, R>(
      { name, omitOnJoin }: { readonly name: string; readonly omitOnJoin: boolean },
      run: (
        opened: (logFile: string | undefined) => Effect.Effect<void>
      ) => Effect.Effect<TaskResult<Returns>, TaskError, R>
    ) {
      const logFile = yield* Deferred.make<string | undefined>()
      // A task that never begins has no log.
      const begun = run((file) => Deferred.succeed(logFile, file)).pipe(
        Effect.ensuring(Deferred.succeed(logFile, undefined))
      )
      const body = omitOnJoin ? told(host, name, begun) : begun
      // Counted before it begins: whoever asks next for the least busy host must see it.
      const fiber = yield* Effect.uninterruptibleMask((restore) =>
        Effect.zipRight(more, Effect.forkIn(Effect.ensuring(restore(body), fewer), scope))
      )
      if (!omitOnJoin) waiting.add(fiber)
      const forked: ForkedTask<Returns> = {
        name,
        host,
        omitOnJoin,
        logFile: Deferred.await(logFile),
        result: Fiber.join(fiber),
        poll: Effect.map(Fiber.poll(fiber), Option.filter((exit) => !Exit.isInterrupted(exit))),
        interrupt: Effect.zipRight(Effect.sync(() => waiting.delete(fiber)), Effect.asVoid(Fiber.interrupt(fiber)))
      }
      return forked
    }),
    waiting: Effect.sync(() => [...waiting]),
    forget: (all) => Effect.sync(() => all.forEach((fiber) => waiting.delete(fiber))),
    ended: Effect.map(
      Effect.suspend(() => Effect.forEach([...waiting], Fiber.poll)),
      (polled) => polled.flatMap(Option.toArray)
    )
  }
  return tasks
})

/** Fibers are numbered as they begin, whatever runtime they are of. */
const byStart = Order.mapInput(Order.number, (fiber: Background) => fiber.id().id)

/**
 * Waits for what runs in the background of runtimes now, then forgets it. What was interrupted leaves nothing.
 *
 * @internal
 */
export const join = (all: ReadonlyArray<Tasks>): Effect.Effect<ReadonlyArray<TaskResult>, JoinError> =>
  Effect.gen(function*() {
    const waiting = (yield* Effect.forEach(all, (tasks) => tasks.waiting)).flat().toSorted(byStart)
    const exits = yield* Effect.forEach(waiting, Fiber.await)
    yield* Effect.forEach(all, (tasks) => tasks.forget(waiting), { discard: true })
    const failed = exits.flatMap((exit) => Exit.isFailure(exit) ? [...Cause.failures(exit.cause)] : [])
    const results = exits.flatMap((exit) => Exit.isSuccess(exit) ? [exit.value] : [])
    const bug = exits.flatMap((exit) => Exit.isFailure(exit) ? Option.toArray(Cause.keepDefects(exit.cause)) : [])[0]
    if (bug !== undefined) return yield* Effect.failCause(bug)
    const [first, ...others] = failed
    if (first === undefined) return results
    return yield* new JoinError({
      reason: "TasksFailed",
      host: [...new Set(failed.map(({ host }) => host))].join(", "),
      step: "join",
      detail: `${failed.length} of ${failed.length + results.length} tasks failed`,
      failed: [first, ...others],
      results,
      hint: "`failed` has the error of each, `results` what the others left"
    })
  })
