/**
 * The Python environments of a plan: made in parallel, and compared before anything starts.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { Runtime } from "../runtimes/Runtime.ts"
import * as Progress from "../services/Progress.ts"
import * as PythonEnvironment from "../services/PythonEnvironment.ts"
import type { SshError } from "../services/SshError.ts"
import type { ClusterPlan } from "./ClusterPlan.ts"

/** `3.11` of `3.11.7`: what pickles and wheels depend on. */
const minor = (version: string): string => version.split(".").slice(0, 2).join(".")

const provisionAt = (runtime: Runtime, packages: ReadonlyArray<string>, python: string | undefined, manager: Runtime) =>
  Progress.step(
    runtime.host.alias,
    "Python environment",
    (said) =>
      PythonEnvironment.provision(PythonEnvironment.make({ packages, python }), runtime, {
        manager,
        onProgress: ({ detail, step }) => said(`${step} ${detail}`)
      })
  )

/**
 * The environment of each place that the plan names one for; those that are `made` already stay. The manager's Python sets
 * the minor version of all.
 *
 * @since 0.1.0
 * @category constructors
 */
export const provision = Effect.fn("ClusterEnvironments.provision")(function*(options: {
  readonly plan: ClusterPlan
  readonly manager: Runtime
  readonly runtimeAt: (place: string) => Effect.Effect<Runtime | undefined>
  readonly concurrency: number
  readonly made: ReadonlyMap<string, PythonEnvironment.Provisioned>
}): Effect.fn.Return<
  ReadonlyMap<string, PythonEnvironment.Provisioned>,
  PythonEnvironment.PythonEnvironmentError | SshError
> {
  const { concurrency, made, manager, plan, runtimeAt } = options
  const wanted = plan.environments.flatMap(({ packages, places }) => places.map((place) => ({ packages, place })))
    .filter(({ place }) => !made.has(place))
  const python = manager.facts.python === "" ? undefined : minor(manager.facts.python)
  const fresh = yield* Effect.forEach(
    wanted,
    ({ packages, place }) =>
      Effect.flatMap(runtimeAt(place), (runtime) =>
        runtime === undefined
          ? Effect.succeed([])
          : Effect.map(
            provisionAt(runtime, packages, python, manager),
            (environment) => [[place, environment] as const]
          )),
    { concurrency }
  )
  const all = new Map([...made, ...fresh.flat()])
  yield* PythonEnvironment.agree([...all.values()], plan.equal)
  return all
})
