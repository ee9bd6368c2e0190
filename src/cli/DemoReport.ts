/**
 * What the demo tells at the end, as text.
 *
 * @since 0.1.0
 */
import * as Arr from "effect/Array"
import * as Schema from "effect/Schema"
import * as textTable from "../internal/textTable.ts"
import type { HostReport } from "../runtimes/Cleanup.ts"
import type { Provisioned } from "../services/PythonEnvironment.ts"
import { explain } from "../services/SshError.ts"
import * as FileSize from "./FileSize.ts"

/**
 * Something was not cleaned up, or nobody knows.
 *
 * @since 0.1.0
 * @category errors
 */
export class LeftBehind extends Schema.TaggedError<LeftBehind>("lazycluster/cli/LeftBehind")("LeftBehind", {
  /** A line for each thing. */
  found: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return explain({
      what: "not everything is cleaned up",
      log: this.found,
      hint: "what a host could not be told, it does by itself when the lease has run out"
    })
  }
}

/**
 * Rows as columns of equal width; numbers to the right.
 *
 * @since 0.1.0
 * @category combinators
 */
export const table = (rows: ReadonlyArray<ReadonlyArray<string | number>>): string =>
  textTable.render({ rows, indent: "  " })

/** What is not as it should be on a host. */
const found = (report: HostReport): ReadonlyArray<string> => [
  ...(report.reached ? [] : [`${report.host}: could not be reached`]),
  ...report.left.map((process) => `${report.host}: process ${process} lives`),
  ...report.stuck.map((path) => `${report.host}: ${path} could not be removed`)
]

/**
 * Everything in the reports that is left, or `undefined`.
 *
 * @since 0.1.0
 * @category combinators
 */
export const leftBehind = (reports: ReadonlyArray<HostReport>): LeftBehind | undefined => {
  const all = reports.flatMap(found)
  return reports.every((report) => report.clean) ? undefined : new LeftBehind({ found: all })
}

const outcome = (report: HostReport, processes: ReadonlyArray<string>): string =>
  found(report).length > 0
    ? found(report).map((line) => line.slice(report.host.length + 2)).join(", ")
    : [
      ...(processes.length === 0 ? [] : [`ended ${processes.join(", ")}`]),
      ...(report.ended === 0 ? [] : [`ended ${report.ended} more, ${report.killed} by KILL`]),
      ...report.removed.map((path) => `removed ${path}`),
      ...report.kept.map((path) => `kept ${path}`)
    ].join("; ")

/**
 * What became of each host, what is kept on purpose, and the verdict when it is good.
 *
 * @since 0.1.0
 * @category combinators
 */
export const cleanup = (options: {
  readonly reports: ReadonlyArray<HostReport>
  /** The hosts, in order. */
  readonly hosts: ReadonlyArray<string>
  readonly processes: ReadonlyArray<{ readonly host: string; readonly name: string }>
  readonly environments: ReadonlyArray<Pick<Provisioned, "host" | "directory" | "size">>
}): string => {
  const { environments, hosts, processes, reports } = options
  const sorted = [...reports].sort((a, b) => hosts.indexOf(a.host) - hosts.indexOf(b.host))
  const kept = Object.values(Arr.groupBy(environments, ({ directory, size }) => `${directory} ${size}`))
  return [
    "Cleanup",
    table(sorted.map((report) => [
      report.host,
      outcome(report, processes.filter(({ host }) => host === report.host).map(({ name }) => name))
    ])),
    ...(kept.length === 0 ? [] : [
      "Kept on purpose, for the next time",
      table(kept.map((group) => [
        FileSize.render(group[0].size),
        group[0].directory,
        group.map(({ host }) => host).join(", ")
      ]))
    ]),
    ...(leftBehind(reports) === undefined ? ["Nothing left behind."] : [])
  ].join("\n")
}
