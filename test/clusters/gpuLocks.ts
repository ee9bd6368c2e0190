/** What holds of claims on GPUs, on hosts in memory and on real ones. */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as Cluster from "../../src/clusters/Cluster.ts"
import type { ClusterPlan } from "../../src/clusters/ClusterPlan.ts"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import * as RuntimeGroup from "../../src/runtimes/RuntimeGroup.ts"

/** A cluster of a plan in a scope of its own, with runtimes of its own, as another manager has. */
export const start = (plan: ClusterPlan, hosts: ReadonlyArray<string>, options: Runtime.Options = {}) =>
  Effect.gen(function*() {
    const scope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
    const made = Effect.gen(function*() {
      const manager = yield* Runtime.manager()
      const group = yield* RuntimeGroup.make(hosts, options)
      return { cluster: yield* Cluster.start(plan, { manager, group }), group }
    })
    return { ...(yield* Scope.extend(made, scope)), close: Scope.close(scope, Exit.void) }
  })

/** Of several that claim the same at the same time one gets it; those that did not hold nothing. */
export const race = (host: string, count: number) =>
  Effect.gen(function*() {
    const runtimes = yield* Effect.forEach(Array.from({ length: count }), () => Runtime.make(host))
    const claims = yield* Effect.forEach(runtimes, (runtime, index) =>
      Effect.gen(function*() {
        const scope = yield* Scope.make()
        const claim = yield* Effect.either(Scope.extend(runtime.holdsGpus(`claim ${index}`, [1, 0]), scope))
        return { claim, close: Scope.close(scope, Exit.void), index, runtime }
      }), { concurrency: count })
    const [winner, ...others] = claims.toSorted((one, other) =>
      Number(Either.isLeft(one.claim)) - Number(Either.isLeft(other.claim))
    )
    assert.isTrue(others.every(({ claim }) => Either.isLeft(claim) && claim.left._tag === "GpuHeld"))
    if (winner === undefined || Either.isLeft(winner.claim)) return assert.fail("nobody has got it")
    // A claim of other GPUs is nobody's business, one of the same runtime is told like all others.
    const { close, index, runtime } = winner
    yield* Effect.scoped(runtime.holdsGpus("beside", [2]))
    const again = yield* Effect.flip(Effect.scoped(runtime.holdsGpus("again", [1])))
    assert.deepInclude(again, { _tag: "GpuHeld", gpu: 1, by: `claim ${index}` })
    yield* close
    yield* Effect.scoped(Effect.forEach(others.slice(0, 1), ({ runtime }) => runtime.holdsGpus("later", [0, 1])))
  })
