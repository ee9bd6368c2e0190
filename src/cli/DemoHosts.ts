/**
 * The hosts of the demo: a Sandbox, or those that the user names.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Lazycluster from "../Lazycluster.ts"
import type { Runtime } from "../runtimes/Runtime.ts"
import type { SshError } from "../services/SshError.ts"
import * as Sandbox from "../testing/Sandbox.ts"
import type { SandboxError } from "../testing/SandboxError.ts"

/**
 * Hosts and the services that reach them.
 *
 * @since 0.1.0
 * @category models
 */
export interface DemoHosts {
  readonly aliases: ReadonlyArray<string>
  readonly layer: Layer.Layer<Lazycluster.Lazycluster>
  /** How many TCP connections a host has seen. */
  readonly connections: (runtime: Runtime) => Effect.Effect<number, SshError>
}

/**
 * Three hosts inside this process; the scope ends them.
 *
 * @since 0.1.0
 * @category constructors
 */
export const sandbox: Effect.Effect<DemoHosts, SandboxError, Scope.Scope> = Effect.map(
  Sandbox.make(),
  ({ configFile, hosts }) => ({
    aliases: hosts.map(({ alias }) => alias),
    layer: Lazycluster.layerOf({ sshConfig: { file: configFile } }),
    // Counted by the servers: all that there ever were.
    connections: (runtime) => hosts.find(({ alias }) => alias === runtime.host.alias)?.connections ?? Effect.succeed(0)
  })
)

/**
 * Hosts of the user's ssh config.
 *
 * @since 0.1.0
 * @category constructors
 */
export const named = (aliases: ReadonlyArray<string>, options: { readonly acceptNew: boolean }): DemoHosts => ({
  aliases: [...new Set(aliases)],
  layer: Lazycluster.layerOf({ ssh: { hostKeys: options.acceptNew ? "accept-new" : "refuse" } }),
  connections: (runtime) => Effect.flatMap(runtime.connection, ({ transports }) => transports)
})
