/**
 * The host that a program runs on, as what its context has.
 *
 * @since 0.1.0
 */
import type { CommandExecutor } from "@effect/platform/CommandExecutor"
import type { FileSystem } from "@effect/platform/FileSystem"
import type { Path } from "@effect/platform/Path"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Host } from "../services/Host.ts"
import type { RuntimeError } from "../services/RuntimeError.ts"
import type { Ssh } from "../services/Ssh.ts"
import type { SshConfigError, SshError } from "../services/SshError.ts"
import * as Runtime from "./Runtime.ts"
import * as RuntimePlatform from "./RuntimePlatform.ts"

/**
 * The runtime of the host.
 *
 * @since 0.1.0
 * @category tags
 */
export class Machine extends Context.Tag("lazycluster/Machine")<Machine, Runtime.Runtime>() {}

/**
 * What a program finds on a host: the runtime, and the services of @effect/platform.
 *
 * @since 0.1.0
 * @category models
 */
export type Services = Machine | CommandExecutor | FileSystem | Path

/**
 * Why a host cannot be taken into use.
 *
 * @since 0.1.0
 * @category errors
 */
export type Refusal = SshError | SshConfigError | RuntimeError

/**
 * Those of a runtime that stands.
 *
 * @since 0.1.0
 * @category layers
 */
export const fromRuntime = (runtime: Runtime.Runtime): Layer.Layer<Services> =>
  Layer.merge(Layer.succeed(Machine, runtime), RuntimePlatform.layer(runtime))

/**
 * Takes a host into use for as long as the layer is. It is the `lookup` of a `LayerMap` of your own, whose keys may be
 * more than names of hosts; for names there is `Machines`, which does not keep what has failed or gone.
 *
 * @since 0.1.0
 * @category layers
 * @example
 * import { LayerMap } from "effect"
 * import { Machine } from "lazycluster"
 *
 * class Pool extends LayerMap.Service<Pool>()("app/Pool", {
 *   lookup: (zone: "west" | "east") => Machine.layer(`${zone}.example.org`, { workingDirectory: "~/pool" }),
 *   idleTimeToLive: "5 minutes"
 * }) {}
 *
 * const west = Pool.get("west")
 */
export const layer = (host: string | Host, options?: Runtime.Options): Layer.Layer<Services, Refusal, Ssh> =>
  Layer.unwrapScoped(Effect.map(Runtime.make(host, options), fromRuntime))
