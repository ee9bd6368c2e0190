/**
 * What a transfer will do, as data: made of what is on both sides, shown or compared without running anything.
 *
 * @since 0.1.0
 */
import * as transferName from "../internal/transferName.ts"

/**
 * A file, a directory or a link below the root of a transfer.
 *
 * @since 0.1.0
 * @category models
 */
export interface Entry {
  /** Below the root, with `/` between names, without one in front. A byte that is not UTF-8 is a lone surrogate, as in Python. */
  readonly path: string
  readonly kind: "file" | "directory" | "link" | "other"
  readonly size: number
  /** Permission bits. */
  readonly mode: number
  /** When it was modified: seconds since 1970, nine digits behind the point. */
  readonly time: string
  /** Of a link: where it points, as written there. */
  readonly link?: string | undefined
}

/**
 * Everything below a root, parents before what is in them. `root` is what the root is, `undefined` when nothing is there.
 *
 * @since 0.1.0
 * @category models
 */
export interface Manifest {
  readonly root: Entry["kind"] | undefined
  readonly entries: ReadonlyArray<Entry>
}

/**
 * How it is told whether a file is unchanged: `times` takes size and time of modification for enough, and compares contents by
 * hash only where the times differ; `hash` compares the contents of all files of one size.
 *
 * @since 0.1.0
 * @category models
 */
export type Compare = "times" | "hash"

/**
 * What will be done. Nothing is ever removed.
 *
 * @since 0.1.0
 * @category models
 */
export interface Plan {
  /** Directories that are missing. */
  readonly make: ReadonlyArray<Entry>
  /** Files whose content is missing or differs. */
  readonly send: ReadonlyArray<Entry>
  readonly link: ReadonlyArray<Entry>
  /** Files whose content is there already, with another mode or time. */
  readonly settle: ReadonlyArray<Entry>
  /** Entries that are there as they should be. */
  readonly unchanged: number
  /** What is neither file, directory nor link, or a link that leads nowhere where links are followed. */
  readonly skipped: ReadonlyArray<string>
  /** What stands where another kind must: nothing is done when there is any. */
  readonly inTheWay: ReadonlyArray<
    { readonly path: string; readonly found: Entry["kind"]; readonly wanted: Entry["kind"] }
  >
}

const wholeSeconds = (time: string): string => time.slice(0, time.indexOf("."))

const fraction = (time: string): string => time.slice(time.indexOf(".") + 1)

/** Node sets times to about a microsecond. */
const precision = 2000

/** Whether nobody has touched the target since it was made as the source is. */
const sameTime = (source: string, target: string): boolean =>
  source === target || (wholeSeconds(source) === wholeSeconds(target) &&
    Math.abs(Number(fraction(source)) - Number(fraction(target))) < precision)

const whole = (time: string): boolean => /^0*$/.test(fraction(time))

/** Some file systems, and some `tar`, have whole seconds only. */
const almostSame = (source: string, target: string): boolean =>
  sameTime(source, target) || (wholeSeconds(source) === wholeSeconds(target) && (whole(source) || whole(target)))

const byPath = (manifest: Manifest): ReadonlyMap<string, Entry> =>
  new Map(manifest.entries.map((entry) => [entry.path, entry]))

/**
 * Files whose contents must be compared by hash before the plan can be made.
 *
 * @since 0.1.0
 * @category constructors
 */
export const candidates = (source: Manifest, target: Manifest, compare: Compare): ReadonlyArray<Entry> => {
  if (target.entries.length === 0) return []
  const there = byPath(target)
  return source.entries.filter((entry) => {
    const other = there.get(entry.path)
    return entry.kind === "file" && other?.kind === "file" && entry.size === other.size &&
      (compare === "hash" || !sameTime(entry.time, other.time))
  })
}

/** A small file is sent again sooner than a process is started that changes its time. */
const small = 64 * 1024

/**
 * The plan that makes the target as the source is. `same` are the paths of the candidates whose contents are equal.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * import { FileTransferPlan } from "lazycluster"
 *
 * const file = { path: "a", kind: "file", size: 1, mode: 0o644, time: "1700000000.000000000" } as const
 * const plan = FileTransferPlan.make({
 *   source: { root: "directory", entries: [file] },
 *   target: { root: undefined, entries: [] },
 *   compare: "times",
 *   same: new Set()
 * })
 * // plan.send is [file]
 */
export const make = (options: {
  readonly source: Manifest
  readonly target: Manifest
  readonly compare: Compare
  readonly same: ReadonlySet<string>
}): Plan => {
  const there = byPath(options.target)
  const settles = (entry: Entry, other: Entry): boolean =>
    entry.mode !== other.mode || !almostSame(entry.time, other.time)
  const plan = {
    make: new Array<Entry>(),
    send: new Array<Entry>(),
    link: new Array<Entry>(),
    settle: new Array<Entry>(),
    unchanged: 0,
    skipped: new Array<string>(),
    inTheWay: new Array<Plan["inTheWay"][number]>()
  }
  for (const entry of options.source.entries) {
    const other = there.get(entry.path)
    if (entry.kind === "other") {
      plan.skipped.push(entry.path)
    } else if (other !== undefined && (entry.kind === "directory") !== (other.kind === "directory")) {
      plan.inTheWay.push({ path: entry.path, found: other.kind, wanted: entry.kind })
    } else if (entry.kind === "directory") {
      if (other === undefined) plan.make.push(entry)
      else plan.unchanged += 1
    } else if (entry.kind === "link") {
      if (other?.kind === "link" && other.link === entry.link) plan.unchanged += 1
      else plan.link.push(entry)
    } else if (other?.kind !== "file" || entry.size !== other.size) {
      plan.send.push(entry)
    } else if (options.compare === "times" && sameTime(entry.time, other.time)) {
      if (entry.mode === other.mode) plan.unchanged += 1
      else if (entry.size < small) plan.send.push(entry)
      else plan.settle.push(entry)
    } else if (!options.same.has(entry.path)) {
      plan.send.push(entry)
    } else if (!settles(entry, other)) {
      plan.unchanged += 1
    } else if (entry.size < small) {
      plan.send.push(entry)
    } else {
      plan.settle.push(entry)
    }
  }
  return plan
}

/**
 * Bytes that will travel.
 *
 * @since 0.1.0
 * @category combinators
 */
export const bytes = (plan: Plan): number => plan.send.reduce((sum, { size }) => sum + size, 0)

/**
 * A plan for people, a line for each thing to do.
 *
 * @since 0.1.0
 * @category combinators
 */
export const render = (plan: Plan): string =>
  [
    ...plan.make.map(({ path }) => `make ${transferName.show(path)}/`),
    ...plan.send.map(({ path, size }) => `send ${transferName.show(path)} (${size} bytes)`),
    ...plan.link.map(({ link = "", path }) => `link ${transferName.show(path)} -> ${transferName.show(link)}`),
    ...plan.settle.map(({ path }) => `set mode and time of ${transferName.show(path)}`),
    ...plan.skipped.map((path) => `leave out ${transferName.show(path)}`),
    ...plan.inTheWay.map(({ found, path, wanted }) =>
      `cannot: a ${found} is where a ${wanted} must be, ${transferName.show(path)}`
    ),
    `${plan.unchanged} unchanged`
  ].join("\n")
