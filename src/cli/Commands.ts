/**
 * All commands as data, for those that speak of the others.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type { CommandTree } from "./CommandTree.ts"

/**
 * The tree of commands, from the root on.
 *
 * @since 0.1.0
 * @category tags
 */
export class Commands extends Context.Tag("lazycluster/Commands")<Commands, CommandTree>() {}
