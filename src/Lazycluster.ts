/**
 * Everything that a program needs, in one layer.
 *
 * @since 0.1.0
 */
import * as Layer from "effect/Layer"
import * as platform from "./internal/platform.ts"
import * as ExecutionLog from "./services/ExecutionLog.ts"
import * as Ssh from "./services/Ssh.ts"
import * as SshConfig from "./services/SshConfig.ts"
import * as TaskRunner from "./tasks/TaskRunner.ts"

/**
 * The options of the services below.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly sshConfig?: SshConfig.Options | undefined
  readonly ssh?: Ssh.Options | undefined
  readonly executionLog?: ExecutionLog.Options | undefined
  readonly taskRunner?: TaskRunner.Options | undefined
}

/**
 * What the layer provides.
 *
 * @since 0.1.0
 * @category models
 */
export type Lazycluster = Ssh.Ssh | SshConfig.SshConfig | TaskRunner.TaskRunner | ExecutionLog.ExecutionLog

/**
 * SSH as the user's ssh config describes it, the runner of tasks and the execution log, on this machine. Provide it once, at
 * the edge of the program.
 *
 * @since 0.1.0
 * @category layers
 * @example
 * import { Lazycluster, Runtime } from "lazycluster"
 * import { NodeRuntime } from "@effect/platform-node"
 * import { Console, Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const runtime = yield* Runtime.make("host-1")
 *   yield* Console.log(runtime.facts.os)
 * })
 *
 * program.pipe(Effect.scoped, Effect.provide(Lazycluster.layer), NodeRuntime.runMain)
 */
export const layerOf = (options: Options = {}): Layer.Layer<Lazycluster> =>
  Layer.mergeAll(
    Ssh.layer(options.ssh).pipe(Layer.provideMerge(SshConfig.layer(options.sshConfig))),
    TaskRunner.layer(options.taskRunner).pipe(Layer.provideMerge(ExecutionLog.layer(options.executionLog)))
  ).pipe(Layer.provide(platform.layer))

/**
 * `layerOf()`: every option at its default.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<Lazycluster> = layerOf()
