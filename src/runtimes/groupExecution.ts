/**
 * Work on the members of a group: on each, on one, on one after the other.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { RuntimeTask } from "../tasks/RuntimeTask.ts"
import type { TaskError } from "../tasks/TaskError.ts"
import type { TaskResult } from "../tasks/TaskResult.ts"
import type { TaskRunner } from "../tasks/TaskRunner.ts"
import { GroupError, missed } from "./GroupError.ts"
import * as Runtime from "./Runtime.ts"
import type { Outcome, Policy, RuntimeGroup } from "./RuntimeGroup.ts"

/** @internal */
export const needed = (policy: Policy, of: number): number =>
  policy === "all" ? of : policy === "bestEffort" ? 0 : policy.quorum

/**
 * Runs an effect on every runtime, as many at a time as the group's concurrency says. Under `all` the first failure ends
 * the others and is the error; otherwise all run to their end, and `GroupError` tells when too few succeeded.
 *
 * @since 0.1.0
 * @category execution
 */
export const onEach = <A, E extends { readonly message: string }, R>(
  group: RuntimeGroup,
  effect: (runtime: Runtime.Runtime, index: number) => Effect.Effect<A, E, R>
): Effect.Effect<ReadonlyArray<Outcome<A, E>>, E | GroupError, R> => {
  const { concurrency, policy, runtimes } = group
  const all = (run: (runtime: Runtime.Runtime, index: number) => Effect.Effect<Either.Either<A, E>, E, R>) =>
    Effect.forEach(
      runtimes,
      (runtime, index) => Effect.map(run(runtime, index), (result) => ({ host: runtime.host.alias, result })),
      { concurrency }
    )
  if (policy === "all") return all((runtime, index) => Effect.map(effect(runtime, index), Either.right))
  const wanted = needed(policy, runtimes.length)
  return Effect.filterOrFail(
    all((runtime, index) => Effect.either(effect(runtime, index))),
    (outcomes) => outcomes.filter(({ result }) => Either.isRight(result)).length >= wanted,
    (outcomes) =>
      missed(
        "RuntimeGroup.onEach",
        wanted,
        outcomes.filter(({ result }) => Either.isRight(result)).map(({ host }) => host),
        outcomes.flatMap(({ host, result }) => Either.isLeft(result) ? [{ host, message: result.left.message }] : [])
      )
  )
}

/**
 * Runs a task on every runtime; each has its own log and its own returns.
 *
 * @since 0.1.0
 * @category execution
 */
export const broadcast = <Returns extends ReadonlyArray<unknown>>(
  group: RuntimeGroup,
  task: RuntimeTask<Returns>
): Effect.Effect<ReadonlyArray<Outcome<TaskResult<Returns>, TaskError>>, TaskError | GroupError, TaskRunner> =>
  onEach(group, (runtime) => Runtime.execute(runtime, task))

/**
 * A group without hosts.
 *
 * @internal
 */
export const none = (group: RuntimeGroup, step: string): GroupError =>
  new GroupError({
    reason: "NoHosts",
    step,
    detail: "the group has no host",
    failed: [...group.inactive],
    hint: group.inactive.length > 0 ? "mend what is listed" : "make it of some hosts, or `add` one"
  })

/**
 * Runs an effect for every item: the first on the first runtime, the next on the next, and round again. Each host does its
 * own one after the other, so many hosts at a time as the group's concurrency says; the results are in the order of the
 * items. The first failure ends all. Where hosts are of different speed, or may die, `forEach` is better.
 *
 * @since 0.1.0
 * @category execution
 */
export const roundRobin = <A, B, E, R>(
  group: RuntimeGroup,
  items: Iterable<A>,
  effect: (runtime: Runtime.Runtime, item: A, index: number) => Effect.Effect<B, E, R>
): Effect.Effect<ReadonlyArray<B>, E | GroupError, R> => {
  const { concurrency, runtimes } = group
  const all = [...items].map((item, index) => ({ item, index }))
  if (all.length > 0 && runtimes.length === 0) return Effect.fail(none(group, "RuntimeGroup.roundRobin"))
  return Effect.forEach(
    runtimes,
    (runtime, place) =>
      Effect.forEach(
        all.filter(({ index }) => index % runtimes.length === place),
        ({ index, item }) => Effect.map(effect(runtime, item, index), (result) => ({ index, result }))
      ),
    { concurrency }
  ).pipe(Effect.map((lists) => lists.flat().toSorted((a, b) => a.index - b.index).map(({ result }) => result)))
}
