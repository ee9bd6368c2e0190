/**
 * A LayerMap of hosts: a program runs on the host that its context is taken from.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as LayerMap from "effect/LayerMap"
import type * as Scope from "effect/Scope"
import * as liveMap from "../internal/liveMap.ts"
import type { Ssh } from "../services/Ssh.ts"
import * as Machine from "./Machine.ts"
import * as Runtime from "./Runtime.ts"

/**
 * Hosts by their names: one runtime each, made at first use and shared by all who use it at the same time.
 *
 * @since 0.1.0
 * @category tags
 * @example
 * import { Command } from "@effect/platform"
 * import { NodeRuntime } from "@effect/platform-node"
 * import { Console, Effect } from "effect"
 * import { Lazycluster, Machines } from "lazycluster"
 *
 * const cores = Command.string(Command.make("nproc"))
 *
 * const program = Effect.gen(function*() {
 *   yield* Console.log(yield* cores.pipe(Effect.provide(Machines.Machines.get("host-1"))))
 *   yield* Console.log(yield* cores.pipe(Effect.provide(Machines.Machines.get("host-2"))))
 * })
 *
 * program.pipe(Effect.provide(Machines.layer()), Effect.provide(Lazycluster.layer), NodeRuntime.runMain)
 */
export class Machines extends Context.Tag("lazycluster/Machines")<
  Machines,
  LayerMap.LayerMap<string, Machine.Services, Machine.Refusal>
>() {
  /** What a program finds on that host. */
  static readonly get = (host: string): Layer.Layer<Machine.Services, Machine.Refusal, Machines> =>
    Layer.unwrapScoped(Effect.map(Machines, (machines) => machines.get(host)))
}

/**
 * What a map of hosts may be told.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** How long a runtime that nobody uses stays. Default 1 minute. */
  readonly idleTimeToLive?: Duration.DurationInput | undefined
  /** How each runtime is made: the same for all, or by the name of its host. */
  readonly runtime?: Runtime.Options | ((host: string) => Runtime.Options) | undefined
}

/** Fails when the host has been given up. */
const gone = (runtime: Runtime.Runtime): Effect.Effect<never, "gone"> =>
  Effect.zipRight(runtime.linkState.until((link) => link === "gone"), Effect.fail("gone" as const))

/**
 * A map of hosts; its scope closes their runtimes. One that failed is tried again by the next who asks, and one whose lease has
 * run out is made anew.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  options: Options = {}
): Effect.Effect<Machines["Type"], never, Ssh | Scope.Scope> =>
  Effect.gen(function*() {
    const { idleTimeToLive = "1 minute", runtime: made } = options
    const runtimes = yield* liveMap.make({
      lookup: (host: string) => Runtime.make(host, typeof made === "function" ? made(host) : made),
      gone,
      idleTimeToLive
    })
    // It keeps nothing beyond its users: that is the business of the map below.
    return yield* LayerMap.make((host: string) => Layer.unwrapScoped(Effect.map(runtimes(host), Machine.fromRuntime)))
  })

/**
 * The map of hosts.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<Machines, never, Ssh> => Layer.scoped(Machines, make(options))
