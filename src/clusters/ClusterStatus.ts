/**
 * How a cluster is at a moment, as data.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * `starting` before it is ready for the first time, `restarting` until it is ready again, `moving` on its way to another host,
 * `draining` before it is removed, `ended` where its policy lets it be, `given up` where all was tried.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ProcessState = Schema.Literal(
  "starting",
  "ready",
  "restarting",
  "moving",
  "draining",
  "ended",
  "given up"
)

/** @since 0.1.0 @category models */
export type ProcessState = typeof ProcessState.Type

/**
 * A process.
 *
 * @since 0.1.0
 * @category schemas
 */
export class ProcessStatus extends Schema.Class<ProcessStatus>("lazycluster/ProcessStatus")({
  process: Schema.String,
  role: Schema.Literal("master", "worker"),
  host: Schema.String,
  state: ProcessState,
  pid: Schema.optional(Schema.Int),
  /** How often it has been started after the first time. */
  restarts: Schema.Int
}) {}

/**
 * A machine of a cluster.
 *
 * @since 0.1.0
 * @category schemas
 */
export class HostStatus extends Schema.Class<HostStatus>("lazycluster/HostStatus")({
  host: Schema.String,
  link: Schema.Literal("up", "away", "gone")
}) {}

/**
 * A cluster.
 *
 * @since 0.1.0
 * @category schemas
 */
export class ClusterStatus extends Schema.Class<ClusterStatus>("lazycluster/ClusterStatus")({
  engine: Schema.String,
  processes: Schema.Array(ProcessStatus),
  hosts: Schema.Array(HostStatus)
}) {
  /** Whether every process is ready and every host is reached. */
  get healthy(): boolean {
    return this.processes.every(({ state }) => state === "ready") && this.hosts.every(({ link }) => link === "up")
  }
}

/**
 * The status as lines for people.
 *
 * @since 0.1.0
 * @category printing
 */
export const render = ({ engine, hosts, processes }: ClusterStatus): string =>
  [
    `${engine}: ${
      processes.filter(({ state }) => state === "ready").length
    } of ${processes.length} processes are ready`,
    ...processes.map(({ host, pid, process, restarts, state }) =>
      `  ${process} on ${host}: ${state}${pid === undefined ? "" : `, pid ${pid}`}${
        restarts === 0 ? "" : `, started again ${restarts === 1 ? "once" : `${restarts} times`}`
      }`
    ),
    ...hosts.filter(({ link }) => link !== "up").map(({ host, link }) => `  the link to ${host} is ${link}`)
  ].join("\n")
