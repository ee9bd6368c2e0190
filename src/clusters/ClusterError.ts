/**
 * The errors of clusters.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { explain } from "../services/SshError.ts"

/**
 * A cluster did not come up, could not be changed, or could not go on.
 *
 * - `Plan`: the engine's plan contradicts itself
 * - `Facts`: hosts are not what they were when the plan was made
 * - `Exited`: a process ended before it was ready; `log` holds what it said last
 * - `NotReady`: a process did not become ready within its deadline
 * - `NoPort`: no port of the range is free on all machines that need it
 * - `Unreachable`: hosts that are to reach one another directly do not
 * - `GpuTaken`: a GPU of a process is somebody else's
 * - `NoHosts`: there is no host to run workers on, or not enough seats for them
 * - `UnknownHost`: a host to be removed is none of the cluster
 * - `Drain`: the engine could not take the work off workers that were to be removed
 * - `Lost`: a master ended, and with it the cluster
 *
 * @since 0.1.0
 * @category errors
 */
export class ClusterError extends Schema.TaggedError<ClusterError>("lazycluster/ClusterError")("ClusterError", {
  reason: Schema.Literal(
    "Plan",
    "Facts",
    "Exited",
    "NotReady",
    "NoPort",
    "Unreachable",
    "GpuTaken",
    "NoHosts",
    "UnknownHost",
    "Drain",
    "Lost"
  ),
  engine: Schema.String,
  host: Schema.String,
  step: Schema.String,
  detail: Schema.String,
  log: Schema.optional(Schema.Array(Schema.String)),
  hint: Schema.optional(Schema.String)
}) {
  override get message(): string {
    return explain({
      what: `${this.engine} on ${this.host}: ${this.step}, ${this.reason}`,
      detail: this.detail,
      log: this.log,
      hint: this.hint
    })
  }
}
