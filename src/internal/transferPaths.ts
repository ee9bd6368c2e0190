/**
 * Paths of this machine, as a transfer takes them.
 *
 * @since 0.1.0
 */
import { basename, resolve } from "node:path"

/**
 * Absolute; a slash at the end stays, since it says that the target is a directory.
 *
 * @internal
 */
export const absolute = (path: string): string =>
  path.endsWith("/") && resolve(path) !== "/" ? `${resolve(path)}/` : resolve(path)

/** @internal */
export const withoutSlash = (path: string): string => path.length > 1 ? path.replace(/(?<=.)\/+$/, "") : path

/**
 * The last name, also of `.`.
 *
 * @internal
 */
export const nameOf = (path: string): string => basename(resolve(path))
