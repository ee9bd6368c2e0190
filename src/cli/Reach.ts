/**
 * How commands reach hosts.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Layer from "effect/Layer"
import * as Lazycluster from "../Lazycluster.ts"

/**
 * The services for the options of a command line. Tests put hosts in memory here.
 *
 * @since 0.1.0
 * @category tags
 */
export class Reach extends Context.Reference<Reach>()("lazycluster/Reach", {
  defaultValue: (): (options: Lazycluster.Options) => Layer.Layer<Lazycluster.Lazycluster> => Lazycluster.layerOf
}) {}
