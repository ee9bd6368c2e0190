/**
 * Files of one worker share their modules, and `layer` of @effect/vitest 0.30 writes over the methods of the one `it` that all have:
 * without this the next file's `it.effect` would run in the layer of the one before it.
 */
import { it, makeMethods } from "@effect/vitest"

makeMethods(it)
