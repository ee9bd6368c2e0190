/**
 * What a program of the user has as its own: the standard streams of this process, byte by byte.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as standardStreams from "../internal/standardStreams.ts"
import * as terminalProgram from "../internal/terminalProgram.ts"
import type { Inherited } from "../services/RemoteCommandExecutor.ts"

/**
 * The streams, and who sits at them.
 *
 * @since 0.1.0
 * @category models
 */
export interface Streams extends Inherited {
  /** Whether that is a person at a terminal: a program of this machine may then have that itself. Default no. */
  readonly terminal?: Effect.Effect<boolean> | undefined
}

/**
 * The standard streams for programs. Tests listen and speak here.
 *
 * @since 0.1.0
 * @category tags
 */
export class StandardStreams extends Context.Reference<StandardStreams>()("lazycluster/StandardStreams", {
  defaultValue: (): Streams => ({ ...standardStreams.inherited, terminal: terminalProgram.isThere })
}) {}
