/**
 * A task that runs in the background of a runtime.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Option from "effect/Option"
import type { TaskError } from "../tasks/TaskError.ts"
import type { TaskResult } from "../tasks/TaskResult.ts"

/**
 * Its handle. The runtime's scope ends the task, if nothing else does before.
 *
 * @since 0.1.0
 * @category models
 */
export interface ForkedTask<out Returns extends ReadonlyArray<unknown> = ReadonlyArray<unknown>> {
  readonly name: string
  readonly host: string
  /** Whether `join` leaves it out. */
  readonly omitOnJoin: boolean
  /** Its file of the execution log, as soon as the task has begun; `undefined` when there is none. */
  readonly logFile: Effect.Effect<string | undefined>
  /** Waits for its end. Whoever waits for a task that was interrupted is interrupted, too. */
  readonly result: Effect.Effect<TaskResult<Returns>, TaskError>
  /** `None` while it runs, and when it was interrupted. */
  readonly poll: Effect.Effect<Option.Option<Exit.Exit<TaskResult<Returns>, TaskError>>>
  /** Ends it on the host, and waits for that. A `join` knows nothing of it from then on. */
  readonly interrupt: Effect.Effect<void>
}
