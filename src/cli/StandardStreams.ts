/**
 * What a program of the user has as its own: the standard streams of this process, byte by byte.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as standardStreams from "../internal/standardStreams.ts"
import type { Inherited } from "../services/RemoteCommandExecutor.ts"

/**
 * The standard streams for programs. Tests listen and speak here.
 *
 * @since 0.1.0
 * @category tags
 */
export class StandardStreams extends Context.Reference<StandardStreams>()("lazycluster/StandardStreams", {
  defaultValue: (): Inherited => standardStreams.inherited
}) {}
