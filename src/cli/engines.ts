/**
 * The engines of `lazycluster up`, a file each. Written by `npm run codegen`.
 *
 * @since 0.1.0
 */
import type { Engine } from "./Engine.ts"
import { engine as dask } from "./engines/dask.ts"
import { engine as hyperopt } from "./engines/hyperopt.ts"

/**
 * All of them, by name.
 *
 * @since 0.1.0
 * @category engines
 */
export const engines: readonly [Engine, ...ReadonlyArray<Engine>] = [dask, hyperopt]
