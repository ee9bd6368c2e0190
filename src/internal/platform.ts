/**
 * The manager's own file system, processes and paths.
 *
 * @since 0.1.0
 */
import * as NodeContext from "@effect/platform-node/NodeContext"

/**
 * Node's.
 *
 * @internal
 */
export const layer = NodeContext.layer
