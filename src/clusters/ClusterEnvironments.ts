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

type EnvironmentPlan = ClusterPlan["environments"][number]

const declared = ({ packages, python }: EnvironmentPlan, minor: string | undefined) =>
  python === undefined
    ? PythonEnvironment.make({ packages, python: minor })
    // That of another minor version is told together with all others.
    : PythonEnvironment.existing({ python, packages })

const provisionAt = (runtime: Runtime, environment: PythonEnvironment.PythonEnvironment, manager: Runtime) =>
  Progress.step(
    runtime.host.alias,
    "Python environment",
    (said) =>
      PythonEnvironment.provision(environment, runtime, {
        manager,
        onProgress: ({ detail, step }) => said(`${step} ${detail}`)
      })
  )

/**
 * The environment of each place that the plan names one for; those that are `made` already stay. The manager's Python sets
 * the minor version of those that are made; Python and packages that must be equal are compared over all.
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
  const wanted = plan.environments.flatMap((environment) => environment.places.map((place) => ({ environment, place })))
    .filter(({ place }) => !made.has(place))
  const python = manager.facts.python === "" ? undefined : minor(manager.facts.python)
  const fresh = yield* Effect.forEach(
    wanted,
    ({ environment, place }) =>
      Effect.flatMap(runtimeAt(place), (runtime) =>
        runtime === undefined
          ? Effect.succeed([])
          : Effect.map(
            provisionAt(runtime, declared(environment, python), manager),
            (provisioned) => [[place, provisioned] as const]
          )),
    { concurrency }
  )
  const all = new Map([...made, ...fresh.flat()])
  yield* PythonEnvironment.agree([...all.values()], plan.equal)
  return all
})
