/**
 * What is in a tree of this machine, with names in any bytes.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { Buffer } from "node:buffer"
import { type BigIntStats, existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, statSync } from "node:fs"
import type { Entry, Manifest } from "../services/FileTransferPlan.ts"
import type { Rules } from "./transferIgnore.ts"
import * as transferName from "./transferName.ts"

/**
 * Where partial files are, on both sides, below the target: no transfer takes it for content.
 *
 * @internal
 */
export const keep = ".lazycluster-transfer"

/** @internal */
export const below = (root: string, path: string): Buffer =>
  transferName.encode(path === "" ? root : root.endsWith("/") ? `${root}${path}` : `${root}/${path}`)

const nanos = 1_000_000_000n

/** Seconds with nine digits behind the point. */
const timeOf = (ns: bigint): string => {
  const fraction = ((ns % nanos) + nanos) % nanos
  return `${(ns - fraction) / nanos}.${fraction.toString().padStart(9, "0")}`
}

const kindOf = (stats: BigIntStats): Entry["kind"] =>
  stats.isFile() ? "file" : stats.isDirectory() ? "directory" : stats.isSymbolicLink() ? "link" : "other"

const identityOf = (at: Buffer): string => {
  const { dev, ino } = statSync(at)
  return `${dev}:${ino}`
}

const entryOf = (path: string, at: Buffer, follow: boolean): Entry | undefined => {
  const own = lstatSync(at, { bigint: true, throwIfNoEntry: false })
  if (own === undefined) return undefined
  // A link that leads nowhere, or in a circle, does not exist.
  const stats = follow && own.isSymbolicLink() && existsSync(at) ? statSync(at, { bigint: true }) : own
  const kind = kindOf(stats)
  return {
    path,
    kind: follow && kind === "link" ? "other" : kind,
    size: Number(stats.size),
    mode: Number(stats.mode) & 0o7777,
    time: timeOf(stats.mtimeNs),
    ...(kind === "link" && !follow ? { link: transferName.decode(readlinkSync(at, "buffer")) } : {})
  }
}

/**
 * One path; a link is followed where told.
 *
 * @internal
 */
export const look = <E>(
  path: string,
  follow: boolean,
  fail: (cause: unknown) => E
): Effect.Effect<Entry | undefined, E> => Effect.try({ try: () => entryOf("", below(path, ""), follow), catch: fail })

/**
 * Lets sockets and timers go on.
 *
 * @internal
 */
export const breathe = Effect.async<void>((resume) => void setImmediate(() => resume(Effect.void)))

/** So many are looked at before others have a turn. */
const turn = 512

/**
 * Everything below a directory but what the rules leave out, parents first. Reads `.gitignore` files where told.
 *
 * @internal
 */
export const scan = <E>(options: {
  readonly root: string
  readonly follow: boolean
  readonly rules: Rules
  readonly gitignore: boolean
  readonly fail: (cause: unknown) => E
}): Effect.Effect<Manifest, E> =>
  Effect.gen(function*() {
    const { follow, root, rules } = options
    const entries: Array<Entry> = []
    const waiting: Array<{ readonly path: string; readonly above: ReadonlyArray<string> }> = [{ path: "", above: [] }]
    const enter = (path: string, above: ReadonlyArray<string>): ReadonlyArray<Entry> => {
      const names = readdirSync(below(root, path), { encoding: "buffer" })
      if (options.gitignore && names.some((name) => name.toString() === ".gitignore")) {
        rules.add(path, readFileSync(below(root, path === "" ? ".gitignore" : `${path}/.gitignore`), "utf8"))
      }
      const texts = names.map(transferName.decode).filter((name) => name !== keep).sort()
      const identity = follow ? identityOf(below(root, path)) : ""
      return texts.flatMap((name) => {
        const full = path === "" ? name : `${path}/${name}`
        const entry = entryOf(full, below(root, full), follow)
        if (entry === undefined || rules.excludes(full, entry.kind === "directory")) return []
        if (entry.kind !== "directory") return [entry]
        // A directory inside itself, by way of a link.
        if (follow && [...above, identity].includes(identityOf(below(root, full)))) return [{ ...entry, kind: "other" }]
        waiting.push({ path: full, above: follow ? [...above, identity] : above })
        return [entry]
      })
    }
    let seen = 0
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const { above, path } = next
      const found = yield* Effect.try({ try: () => enter(path, above), catch: options.fail })
      for (const entry of found) entries.push(entry)
      seen += found.length
      if (seen >= turn) {
        seen = 0
        yield* breathe
      }
    }
    return { root: "directory" as const, entries: entries.sort((a, b) => a.path < b.path ? -1 : 1) }
  })
