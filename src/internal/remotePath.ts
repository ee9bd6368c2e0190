/**
 * Paths of a host, whatever the manager's system is.
 *
 * @since 0.1.0
 */
import { posix } from "node:path"

/**
 * An absolute path: `~` and what is below it from the home directory, relative ones from the working directory.
 *
 * @internal
 */
export const resolve = (path: string, from: { readonly home: string; readonly workingDirectory: string }): string =>
  path === "~" || path.startsWith("~/")
    ? posix.join(from.home, path.slice(1))
    : posix.resolve(from.workingDirectory, path)
