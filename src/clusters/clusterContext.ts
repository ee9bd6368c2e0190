/**
 * What the processes of one cluster share.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import type * as Ref from "effect/Ref"
import type { Runtime } from "../runtimes/Runtime.ts"
import type { Provisioned } from "../services/PythonEnvironment.ts"
import type { ClusterEvent } from "./ClusterEvent.ts"
import type { ClusterPlan } from "./ClusterPlan.ts"
import type { Runs } from "./clusterRuns.ts"
import type { Secrets } from "./processFiles.ts"

/** @internal */
export interface Context {
  readonly engine: string
  /** The plan that holds, or that is coming about. */
  readonly plan: Effect.Effect<ClusterPlan>
  /** `undefined` for what is no machine of the cluster, or is lost. */
  readonly runtimeAt: (place: string) => Effect.Effect<Runtime | undefined>
  readonly environmentAt: (place: string) => Effect.Effect<Provisioned | undefined>
  /** Numbers that are not to be used again. */
  readonly taken: Ref.Ref<ReadonlySet<number>>
  /** Numbers by `process.port`. */
  readonly numbers: Ref.Ref<ReadonlyMap<string, number>>
  readonly secrets: Secrets
  readonly started: Runs["note"]
  readonly emit: (event: ClusterEvent) => Effect.Effect<void>
}
