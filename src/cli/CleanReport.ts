/**
 * What `clean` finds and does, as data and as text.
 *
 * @since 0.1.0
 */
import * as Arr from "effect/Array"
import * as DateTime from "effect/DateTime"
import * as Schema from "effect/Schema"
import * as Ledgers from "../runtimes/Ledgers.ts"
import * as KeptFiles from "../services/KeptFiles.ts"
import * as Elapsed from "./Elapsed.ts"
import * as FileSize from "./FileSize.ts"
import type { Paint } from "./Paint.ts"
import * as Table from "./Table.ts"

/**
 * What `clean --json` prints.
 *
 * @since 0.1.0
 * @category schemas
 */
export class CleanReport extends Schema.Class<CleanReport>("lazycluster/cli/CleanReport")({
  /** Environments and wheels that were found, those that must stay with what uses them. */
  kept: Schema.Array(KeptFiles.KeptFile),
  /** Runtimes of which a restart of their host has left files. */
  leftovers: Schema.Array(Ledgers.ListedRuntime),
  /** What became of them; empty with `--dry-run`. */
  outcomes: Schema.Array(KeptFiles.Outcome),
  /** Ids of runtimes whose files were removed. */
  swept: Schema.Array(Schema.String),
  unreachable: Schema.Array(Ledgers.Unreadable)
}) {}

/**
 * What may be removed.
 *
 * @since 0.1.0
 * @category accessors
 */
export const removable = ({ kept }: CleanReport): ReadonlyArray<KeptFiles.KeptFile> =>
  kept.filter(({ blocked }) => blocked === null)

const sum = (files: ReadonlyArray<KeptFiles.KeptFile>): number => files.reduce((all, { size }) => all + size, 0)

/** Each thing once, whatever names lead to it. */
const once = (files: ReadonlyArray<KeptFiles.KeptFile>): ReadonlyArray<KeptFiles.KeptFile> =>
  Arr.dedupeWith(files, (a, b) => a.place === b.place && DateTime.Equivalence(a.lastUsed, b.lastUsed))

const plural = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`

/**
 * How much that is, in words; empty for nothing.
 *
 * @since 0.1.0
 * @category printing
 */
export const amount = (
  files: ReadonlyArray<KeptFiles.KeptFile>,
  leftovers: ReadonlyArray<unknown>
): string => {
  const all = once(files)
  const of = (kind: KeptFiles.KeptFile["kind"]) => all.filter((file) => file.kind === kind).length
  const parts = [
    ...(of("environment") === 0 ? [] : [plural(of("environment"), "environment")]),
    ...(of("wheel") === 0 ? [] : [plural(of("wheel"), "wheel")]),
    ...(leftovers.length === 0 ? [] : [`the files of ${plural(leftovers.length, "runtime")}`])
  ]
  const text = parts.length < 2 ? parts.join("") : `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}`
  return all.length === 0 ? text : `${text}, ${FileSize.render(sum(all))}`
}

type Row = readonly [host: string, what: string, packages: string, size: string, used: string, note: string]

const hostsOf = (files: ReadonlyArray<KeptFiles.KeptFile>): string =>
  Arr.dedupe(files.map(({ host }) => host)).join(", ")

const environments = (
  files: ReadonlyArray<KeptFiles.KeptFile>,
  ago: (at: DateTime.Utc) => string
): ReadonlyArray<Row> =>
  once(files.filter(({ kind }) => kind === "environment")).map((file) => [
    hostsOf(files.filter(({ place }) => place === file.place)),
    file.python === null ? "unfinished environment" : `Python ${file.python}`,
    file.packages.join(" "),
    FileSize.render(file.size),
    ago(file.lastUsed),
    file.blocked ?? ""
  ])

/** One line a host: there are hundreds. */
const wheels = (files: ReadonlyArray<KeptFiles.KeptFile>, ago: (at: DateTime.Utc) => string): ReadonlyArray<Row> =>
  Object.values(
    Arr.groupBy(files.filter(({ kind }) => kind === "wheel"), ({ blocked, host }) => `${host} ${blocked ?? ""}`)
  ).map((group) => [
    group[0].host,
    plural(group.length, "wheel"),
    "",
    FileSize.render(sum(group)),
    ago(group.reduce((last, { lastUsed }) => DateTime.max(last, lastUsed), group[0].lastUsed)),
    group[0].blocked ?? ""
  ])

/**
 * What was found, as a table.
 *
 * @since 0.1.0
 * @category printing
 */
export const render = ({ kept, leftovers }: CleanReport, now: DateTime.Utc) => (_: Paint, columns: number): string => {
  const ago = (at: DateTime.Utc) => `${Elapsed.render(DateTime.distance(at, now) / 1000)} ago`
  const rows: ReadonlyArray<Row> = [
    ...environments(kept, ago),
    ...wheels(kept, ago),
    ...leftovers.map(({ host, since, workingDirectory }): Row => [
      host,
      "left by a restart",
      workingDirectory,
      "",
      ago(since),
      ""
    ])
  ]
  return Table.render({
    columns,
    head: ["host", "what", "packages", "size", "last used", "stays, for"],
    rows,
    align: [undefined, undefined, undefined, "right"]
  })
}
