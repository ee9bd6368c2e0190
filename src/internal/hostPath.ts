/**
 * Paths of a host, as its programs would resolve them: POSIX, from a directory there.
 *
 * @since 0.1.0
 */
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"

/**
 * That of @effect/platform takes relative paths from the directory of this process.
 *
 * @internal
 */
export const make = (workingDirectory: string): Effect.Effect<Path.Path> =>
  Effect.map(Effect.provide(Path.Path, Path.layer), (posix) => {
    const resolve = (...paths: ReadonlyArray<string>) => posix.resolve(workingDirectory, ...paths)
    return Path.Path.of({
      ...posix,
      resolve,
      relative: (from, to) => posix.relative(resolve(from), resolve(to)),
      toFileUrl: (path) => posix.toFileUrl(path.endsWith("/") ? `${resolve(path)}/` : resolve(path))
    })
  })
