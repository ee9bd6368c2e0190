/** Measurements as text. Every figure comes from the run, but for the original's, which are marked. */
import type * as Effect from "effect/Effect"
import type * as bare from "./bare.ts"
import type { Measurement } from "./Measurement.ts"

export interface Column {
  readonly name: string
  readonly measurement: Measurement
  readonly connections: ReadonlyArray<number>
}

type Bare = Effect.Effect.Success<ReturnType<typeof bare.measure>>

/** The Python original's, as published with the comparison of the field: measured elsewhere, never in this run. */
const original = { memory: 898, processes: 20, connections: 57, seconds: 12 }

const seconds = (millis: number): string => `${(millis / 1000).toFixed(2)} s`
const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`
const times = (millis: number, beside: number): string => `${(millis / beside).toFixed(2)}x`

/** The one that has most of those whose command holds a text: a shell around it has little. */
const memoryOf = ({ processes }: Measurement, text: string): number =>
  Math.max(0, ...processes.filter(({ command }) => command.includes(text)).map(({ memory }) => memory))

const isShell = (command: string): boolean => command.startsWith("/bin/sh")

const driver = ({ processes, schedulerPython }: Measurement): number =>
  Math.max(
    0,
    ...processes.filter(({ command }) =>
      command.startsWith(schedulerPython) && !command.includes("dask scheduler") && !isShell(command)
    ).map(({ memory }) => memory)
  )

export const render = (name: string, columns: ReadonlyArray<Column>, alone: Bare): string => {
  const row = (label: string, cell: (column: Column) => string) =>
    `  ${label.padEnd(38)}${columns.map((column) => cell(column).padStart(17)).join("")}`
  const scheduler = (measurement: Measurement) => memoryOf(measurement, "-m dask scheduler")
  const sum = (measurement: Measurement) => measurement.nodePeak + scheduler(measurement) + driver(measurement)
  const phase = (label: string, key: keyof Measurement["phases"]) =>
    row(label, ({ measurement }) => seconds(measurement.phases[key]))
  return [
    name,
    row("", ({ name }) => name),
    row("result", ({ measurement }) => String(measurement.result)),
    phase("connect, guardians", "connect"),
    row(
      "environments",
      ({ measurement }) => `${measurement.made ? "made " : "found "}${seconds(measurement.phases.environments)}`
    ),
    phase("scheduler", "scheduler"),
    phase("workers", "workers"),
    phase("client", "client"),
    phase("example", "example"),
    phase("close", "close"),
    phase("whole", "whole"),
    row("clean runtimes", ({ measurement }) => `${measurement.clean} of ${measurement.runtimes}`),
    row("TCP connections a host", ({ connections }) => connections.join(", ")),
    row("Node of the manager, peak", ({ measurement }) => megabytes(measurement.nodePeak)),
    row("scheduler", ({ measurement }) => megabytes(scheduler(measurement))),
    row("driver", ({ measurement }) => megabytes(driver(measurement))),
    row("sum of these", ({ measurement }) => megabytes(sum(measurement))),
    row("processes of the manager, Node too", ({ measurement }) => String(measurement.processes.length + 1)),
    "",
    `  The Python original, as measured elsewhere, not in this run: ${original.memory} MB, ${original.processes} processes,`,
    `  ${original.connections} connections to three hosts, ${original.seconds} s.`,
    "",
    `  Bare Dask from the same environment, on this machine, now: scheduler ${seconds(alone.scheduler)}, one worker ${
      seconds(alone.one)
    }, ${columns[0]?.connections.length ?? 0} workers at once ${seconds(alone.many)}`,
    row("scheduler / bare scheduler", ({ measurement }) => times(measurement.phases.scheduler, alone.scheduler)),
    row("workers / as many bare ones at once", ({ measurement }) => times(measurement.phases.workers, alone.many)),
    row(
      "whole / bare scheduler, then workers",
      ({ measurement }) => times(measurement.phases.whole, alone.scheduler + alone.many)
    ),
    ""
  ].join("\n")
}
