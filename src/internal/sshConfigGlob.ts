/**
 * The files that an `Include` names, as glob(3) finds them.
 *
 * @since 0.1.0
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"

const special = /[*?[]/

/** `*`, `?`, `[a-z]`, `[!a-z]`, and a backslash before what is meant as it is. A dot at the start is never meant by a pattern. */
const expression = (pattern: string): RegExp =>
  new RegExp(
    `^${pattern.startsWith(".") ? "" : "(?!\\.)"}${
      pattern.replace(
        /\\(.)|\[([!^]?)(\]?[^\]]*)\]|[*?]|[.+^${}()|[\]\\]/gs,
        (found, escaped?: string, not?: string, set?: string) =>
          escaped !== undefined
            ? escaped.replace(/\W/, "\\$&")
            : set !== undefined
            ? `[${not === "" ? "" : "^"}${set.replace(/[\\\]^]/g, "\\$&")}]`
            : found === "*"
            ? ".*"
            : found === "?"
            ? "."
            : `\\${found}`
      )
    }$`,
    "s"
  )

const bytewise = (a: string, b: string): number => a < b ? -1 : a > b ? 1 : 0

/**
 * The paths that exist and that an absolute pattern covers, in byte order.
 *
 * @internal
 */
export const glob = (fs: FileSystem.FileSystem, pattern: string): Effect.Effect<ReadonlyArray<string>> => {
  const exists = (path: string) => Effect.orElseSucceed(fs.exists(path), () => false)
  const names = (directory: string) => Effect.orElseSucceed(fs.readDirectory(directory), (): Array<string> => [])
  const parts = pattern.split("/").filter((part) => part !== "")
  return Effect.reduce(parts, [""], (paths: ReadonlyArray<string>, part) =>
    Effect.forEach(paths, (path) => {
      if (!special.test(part)) {
        const next = `${path}/${part.replace(/\\(.)/g, "$1")}`
        return Effect.map(exists(next), (there) => there ? [next] : [])
      }
      const covers = expression(part)
      return Effect.map(names(path === "" ? "/" : path), (found) =>
        found.filter((name) => covers.test(name)).sort(bytewise).map((name) => `${path}/${name}`))
    }).pipe(Effect.map((found) =>
      found.flat()
    )))
}
