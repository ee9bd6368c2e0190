/**
 * Work on one member of a group, and work in the background.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { RuntimeTask } from "../tasks/RuntimeTask.ts"
import type { TaskError } from "../tasks/TaskError.ts"
import type { TaskResult } from "../tasks/TaskResult.ts"
import type { TaskRunner } from "../tasks/TaskRunner.ts"
import type { ForkedTask } from "./ForkedTask.ts"
import type { GroupError } from "./GroupError.ts"
import { none } from "./groupExecution.ts"
import { get } from "./groupMembers.ts"
import type { JoinError } from "./JoinError.ts"
import * as Runtime from "./Runtime.ts"
import type { RuntimeGroup } from "./RuntimeGroup.ts"
import * as runtimeTasks from "./runtimeTasks.ts"

/**
 * The member with the fewest tasks under way, the first of them. Fails with `GroupError` `NoHosts` when there is none.
 *
 * @since 0.1.0
 * @category combinators
 */
export const leastBusy = (group: RuntimeGroup): Effect.Effect<Runtime.Runtime, GroupError> =>
  Effect.flatMap(
    Effect.forEach(group.runtimes, (runtime) => Effect.map(Runtime.running(runtime), (tasks) => ({ runtime, tasks }))),
    (all) => {
      const [best] = all.toSorted((a, b) => a.tasks - b.tasks)
      return best === undefined ? Effect.fail(none(group, "RuntimeGroup.leastBusy")) : Effect.succeed(best.runtime)
    }
  )

/**
 * Where to run something.
 *
 * @since 0.1.0
 * @category models
 */
export interface Where {
  /** The alias of a member. Default: the least busy one. */
  readonly host?: string | undefined
}

const place = (group: RuntimeGroup, { host }: Where) => host === undefined ? leastBusy(group) : get(group, host)

/**
 * Runs a task on one member to its end: on the one that is named, or on the least busy.
 *
 * @since 0.1.0
 * @category execution
 */
export const execute = <Returns extends ReadonlyArray<unknown>>(
  group: RuntimeGroup,
  task: RuntimeTask<Returns>,
  where: Where = {}
): Effect.Effect<TaskResult<Returns>, TaskError | GroupError, TaskRunner> =>
  Effect.flatMap(place(group, where), (runtime) => Runtime.execute(runtime, task))

/**
 * Runs a task in the background on one member, the one that is named or the least busy, as long as the member stands.
 *
 * @since 0.1.0
 * @category background
 * @example
 * import { RuntimeGroup, RuntimeTask } from "lazycluster"
 * import { Effect } from "effect"
 *
 * const both = Effect.gen(function*() {
 *   const group = yield* RuntimeGroup.make(["host-1", "host-2"])
 *   yield* RuntimeGroup.fork(group, RuntimeTask.make("train").pipe(RuntimeTask.runCommand("make train")))
 *   yield* RuntimeGroup.fork(group, RuntimeTask.make("check").pipe(RuntimeTask.runCommand("make check")))
 *   return yield* RuntimeGroup.join(group)
 * }).pipe(Effect.scoped)
 */
export const fork = <Returns extends ReadonlyArray<unknown>>(
  group: RuntimeGroup,
  task: RuntimeTask<Returns>,
  where: Where = {}
): Effect.Effect<ForkedTask<Returns>, GroupError, TaskRunner> =>
  Effect.flatMap(place(group, where), (runtime) => Runtime.fork(runtime, task))

/**
 * Waits for all tasks in the background of the members, whoever has started them there, but those with `omitOnJoin`; gives
 * what they left in the order in which they were started, and forgets them. All run to their end: then `JoinError` has the
 * failures and the results. What was interrupted, as by `remove`, leaves nothing.
 *
 * @since 0.1.0
 * @category background
 */
export const join = ({ runtimes }: RuntimeGroup): Effect.Effect<ReadonlyArray<TaskResult>, JoinError> =>
  runtimeTasks.join(runtimes.map(({ tasks }) => tasks))

/**
 * What the tasks in the background of all members left, as text; `Runtime.log` of each.
 *
 * @since 0.1.0
 * @category printing
 */
export const log = (group: RuntimeGroup): Effect.Effect<string> =>
  Effect.map(
    Effect.forEach(group.runtimes, (runtime) =>
      Effect.map(Runtime.log(runtime), (text) => `Execution log of ${runtime.host.alias}:\n${text}`)),
    (texts) =>
      texts.join("\n")
  )
