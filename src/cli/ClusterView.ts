/**
 * A cluster that runs, as people watch it: hosts, processes, load, the last lines that were printed.
 *
 * @since 0.1.0
 */
import type * as ClusterLog from "../clusters/ClusterLog.ts"
import type { ClusterStatus, ProcessStatus } from "../clusters/ClusterStatus.ts"
import * as byteSize from "../internal/byteSize.ts"
import { withoutControl } from "../internal/outputText.ts"
import type { HostUsage } from "../runtimes/HostUsage.ts"
import type { HostFacts } from "../services/HostFacts.ts"
import * as Elapsed from "./Elapsed.ts"
import type { Paint } from "./Paint.ts"
import type { Room } from "./ProgressView.ts"
import * as Table from "./Table.ts"

/**
 * What is shown. Times are in milliseconds.
 *
 * @since 0.1.0
 * @category models
 */
export interface ClusterView {
  readonly status: ClusterStatus
  /** When it was up. */
  readonly since: number
  /** When each process was ready, where it is. */
  readonly ready: ReadonlyMap<string, number>
  readonly facts: ReadonlyMap<string, Pick<HostFacts, "cpus" | "memory">>
  readonly usage: ReadonlyMap<string, HostUsage>
  /** What was printed last, the latest at the end. */
  readonly lines: ReadonlyArray<ClusterLog.Line>
}

/**
 * So many lines that were printed are shown.
 *
 * @since 0.1.0
 * @category models
 */
export const mostLines = 5

/** Title, head, and what says that there are more processes. */
const around = 3

const loadOf = ({ facts, usage }: ClusterView, host: string): string => {
  const load = usage.get(host)?.load?.[0]
  const cpus = facts.get(host)?.cpus
  return load === undefined ? "" : `${load.toFixed(1)}${cpus === undefined ? "" : ` of ${Math.round(cpus * 10) / 10}`}`
}

const memoryOf = ({ facts, usage }: ClusterView, host: string): string => {
  const free = usage.get(host)?.memoryAvailable
  const all = facts.get(host)?.memory
  // What is free is told of the whole machine, of which a container may use less.
  return free === undefined || all === undefined
    ? ""
    : `${byteSize.render(Math.max(0, all - free))} of ${byteSize.render(all)}`
}

const linkOf = ({ status }: ClusterView, host: string): string => {
  const link = status.hosts.find((one) => one.host === host)?.link ?? "up"
  return link === "up" ? "" : ` (${link})`
}

/** By host, the manager first, then as the plan has them. */
const ordered = ({ hosts, processes }: ClusterStatus): ReadonlyArray<ProcessStatus> => {
  const order = [...new Set([...hosts.map(({ host }) => host), ...processes.map(({ host }) => host)])]
  return processes.toSorted((one, other) => order.indexOf(one.host) - order.indexOf(other.host))
}

/** Of more than there is room for those that are not ready, then the first. */
const chosen = (processes: ReadonlyArray<ProcessStatus>, room: number): ReadonlyArray<ProcessStatus> => {
  if (processes.length <= room) return processes
  const first = [
    ...processes.filter(({ state }) => state !== "ready"),
    ...processes.filter(({ state }) => state === "ready")
  ].slice(0, room)
  return processes.filter((process) => first.includes(process))
}

const stateOf = (paint: Paint, state: ProcessStatus["state"]) => (text: string): string =>
  state === "ready" ? paint.good(text) : paint.bad(text)

const tableOf = (view: ClusterView, processes: ReadonlyArray<ProcessStatus>, { columns, now, paint }: Room) => {
  const rows = processes.map(({ host, process, restarts, state }, index) => {
    const again = processes[index - 1]?.host === host
    const ready = view.ready.get(process)
    return [
      again ? "" : `${host}${linkOf(view, host)}`,
      again ? "" : loadOf(view, host),
      again ? "" : memoryOf(view, host),
      process,
      state,
      restarts === 0 ? "" : String(restarts),
      state !== "ready" || ready === undefined ? "" : Elapsed.render((now - ready) / 1000)
    ]
  })
  return Table.render({
    head: ["HOST", "LOAD", "MEMORY", "PROCESS", "STATE", "RESTARTS", "UP"],
    rows,
    columns: columns - 1,
    align: [undefined, undefined, undefined, undefined, undefined, "right", "right"],
    paint: (text, row, column) =>
      row < 0 ? paint.weak(text) : column === 4 ? stateOf(paint, processes[row]?.state ?? "ready")(text) : text
  }).split("\n")
}

const printed = (lines: ClusterView["lines"], columns: number): ReadonlyArray<string> =>
  Table.render({
    rows: lines.map(({ line, process }) => [`${process} | ${withoutControl(line)}`]),
    columns: columns - 1
  }).split("\n")

/**
 * The lines for so much room.
 *
 * @since 0.1.0
 * @category printing
 */
export const render = (view: ClusterView, room: Room): ReadonlyArray<string> => {
  const { columns, now, paint, rows } = room
  const { engine, processes } = view.status
  const ready = processes.filter(({ state }) => state === "ready").length
  // Processes come first, and what was printed has the room that they leave.
  const spare = Math.max(0, rows - around - processes.length - 1)
  const lines = spare === 0 ? [] : view.lines.slice(-spare)
  const shown = chosen(ordered(view.status), Math.max(1, rows - around))
  const rest = processes.length - shown.length
  const title = `${engine}: ${ready} of ${processes.length} processes are ready, up ${
    Elapsed.render((now - view.since) / 1000)
  }`
  return [
    paint.strong(title.slice(0, columns - 1)),
    ...tableOf(view, shown, room),
    ...(rest === 0 ? [] : [paint.weak(`and ${rest} more`)]),
    ...(lines.length === 0 ? [] : ["", ...printed(lines, columns).map(paint.weak)])
  ]
}
