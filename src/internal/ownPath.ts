/**
 * Paths of the machine that this program runs on.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { basename, resolve } from "node:path"
import * as process from "node:process"

/**
 * The absolute path of one that is relative to the directory of this program.
 *
 * @internal
 */
export const absolute = (path: string): Effect.Effect<string> => Effect.sync(() => resolve(process.cwd(), path))

/** @internal */
export const nameOf = (path: string): string => basename(path)
