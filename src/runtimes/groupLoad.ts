/**
 * The member of a group with the most room, asked of the hosts themselves.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { GroupError } from "./GroupError.ts"
import { none } from "./groupExecution.ts"
import * as HostUsage from "./HostUsage.ts"
import type { Runtime } from "./Runtime.ts"
import type { RuntimeGroup } from "./RuntimeGroup.ts"

/** Whoever does not tell comes last. */
const perCore = (runtime: Runtime): Effect.Effect<number> =>
  Effect.map(
    HostUsage.read(runtime),
    ({ load }) => load === undefined ? Number.POSITIVE_INFINITY : load[0] / runtime.facts.cpus
  )

/**
 * The member whose cores have the least to do, whoever uses them: by the load of the last minute for each core. The first of
 * those that are equal. `leastBusy` counts the tasks of this process only. Fails with `GroupError` `NoHosts` when there is none.
 *
 * @since 0.1.0
 * @category combinators
 */
export const leastLoaded = (group: RuntimeGroup): Effect.Effect<Runtime, GroupError> =>
  Effect.gen(function*() {
    const { concurrency, runtimes } = group
    const [first, ...others] = runtimes
    if (first === undefined) return yield* none(group, "RuntimeGroup.leastLoaded")
    if (others.length === 0) return first
    const all = yield* Effect.forEach(
      runtimes,
      (runtime) => Effect.map(perCore(runtime), (load) => ({ runtime, load })),
      { concurrency }
    )
    return all.reduce((best, next) => next.load < best.load ? next : best).runtime
  })
