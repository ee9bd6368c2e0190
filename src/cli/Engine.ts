/**
 * An engine of `lazycluster up`: its options, what it would run, how it is started, and what is said when it is up. Each file of
 * `src/cli/engines` is one.
 *
 * @since 0.1.0
 */
import * as Options from "@effect/cli/Options"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Cluster } from "../clusters/Cluster.ts"
import type { ClusterPlan } from "../clusters/ClusterPlan.ts"
import type { Runtime } from "../runtimes/Runtime.ts"
import type { RuntimeGroup } from "../runtimes/RuntimeGroup.ts"
import type { Ssh } from "../services/Ssh.ts"
import type { Wanted } from "./EngineOptions.ts"
import type { Example } from "./Subcommand.ts"

/**
 * Whatever an engine fails with: its message says what to do.
 *
 * @since 0.1.0
 * @category errors
 */
export interface EngineError {
  readonly _tag: string
  readonly message: string
}

/**
 * A cluster that is up.
 *
 * @since 0.1.0
 * @category models
 */
export interface Running {
  readonly cluster: Cluster
  /** Where it is, by names of one word: lines for people, fields under `--json`. No secrets. */
  readonly addresses: Readonly<Record<string, string>>
  /** An interpreter on the manager with the cluster's packages. */
  readonly python: string
  /** What a program on the manager has in its environment to find the cluster. No secrets. */
  readonly variables: Readonly<Record<string, string>>
  /** How a program in Python begins that uses the cluster. */
  readonly example: ReadonlyArray<string>
  /** Fails when the cluster cannot go on. */
  readonly lost: Effect.Effect<never, EngineError>
}

/**
 * An engine with the options of a command line.
 *
 * @since 0.1.0
 * @category models
 */
export interface Starter {
  /** What would run where; starts nothing. */
  readonly plan: (manager: Runtime, group: RuntimeGroup, wanted: Wanted) => ClusterPlan
  /** Starts it; the scope ends it. */
  readonly start: (group: RuntimeGroup, wanted: Wanted) => Effect.Effect<Running, EngineError, Ssh | Scope.Scope>
}

/**
 * An engine: `lazycluster up NAME`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Engine {
  readonly name: string
  readonly description: string
  readonly examples: readonly [Example, ...ReadonlyArray<Example>]
  readonly options: Options.Options<Starter>
}

/**
 * An engine from its own options and two functions of the library, which are given these together with those of every engine.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <Own extends object>(engine: {
  readonly name: string
  readonly description: string
  /** At least one: `--help` shows them. */
  readonly examples: Engine["examples"]
  /** As the library names them. */
  readonly options: Options.Options<Own>
  readonly plan: (manager: Runtime, group: RuntimeGroup, options: Own & Wanted) => ClusterPlan
  readonly start: (group: RuntimeGroup, options: Own & Wanted) => Effect.Effect<Running, EngineError, Ssh | Scope.Scope>
}): Engine => ({
  name: engine.name,
  description: engine.description,
  examples: engine.examples,
  options: Options.map(engine.options, (own) => ({
    plan: (manager, group, wanted) => engine.plan(manager, group, { ...own, ...wanted }),
    start: (group, wanted) => engine.start(group, { ...own, ...wanted })
  }))
})
