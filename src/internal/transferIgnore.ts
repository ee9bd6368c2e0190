/**
 * What is left out of a transfer: patterns as gitignore has them, given, or read from the `.gitignore` files of the tree.
 *
 * @since 0.1.0
 */
import ignore, { type Ignore } from "ignore"
import type { Entry } from "../services/FileTransferPlan.ts"

/** @internal */
export interface Rules {
  /** Whether a path below the root is left out by itself; what is in a directory that is left out is not asked for. */
  readonly excludes: (path: string, directory: boolean) => boolean
  /** Takes the `.gitignore` of a directory (empty for the root) into account. */
  readonly add: (directory: string, text: string) => void
}

const matcher = (patterns: string | ReadonlyArray<string>): Ignore => ignore({ ignorecase: false }).add(patterns)

const verdict = (patterns: Ignore, path: string, directory: boolean): boolean | undefined => {
  const { ignored, unignored } = patterns.test(directory ? `${path}/` : path)
  return ignored ? true : unignored ? false : undefined
}

/**
 * The patterns that were given win over those of the tree, and a file of the tree over those above it.
 *
 * @internal
 */
export const make = (exclude: ReadonlyArray<string>): Rules => {
  const given = matcher(exclude)
  const found = new Map<string, Ignore>()
  const ofTree = (path: string, directory: boolean): boolean => {
    for (let end = path.lastIndexOf("/");; end = path.lastIndexOf("/", end - 1)) {
      const above = end < 0 ? "" : path.slice(0, end)
      const patterns = found.get(above)
      const said = patterns && verdict(patterns, path.slice(end + 1), directory)
      if (said !== undefined) return said
      if (end <= 0) return false
    }
  }
  return {
    excludes: (path, directory) => verdict(given, path, directory) ?? (found.size > 0 && ofTree(path, directory)),
    add: (directory, text) => void found.set(directory, matcher(text))
  }
}

/**
 * Entries without what is left out, and without what is in it.
 *
 * @internal
 */
export const filter = (rules: Rules, entries: ReadonlyArray<Entry>): ReadonlyArray<Entry> => {
  const out = new Set<string>()
  return entries.filter(({ kind, path }) => {
    const end = path.lastIndexOf("/")
    const gone = (end >= 0 && out.has(path.slice(0, end))) || rules.excludes(path, kind === "directory")
    if (gone && kind === "directory") out.add(path)
    return !gone
  })
}
