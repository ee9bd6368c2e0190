/** What one life of a cluster cost, as the manager's process tells it. */
import * as Schema from "effect/Schema"

/** Milliseconds of each phase, in the order in which they happen. */
export const Phases = Schema.Struct({
  connect: Schema.Number,
  environments: Schema.Number,
  scheduler: Schema.Number,
  workers: Schema.Number,
  client: Schema.Number,
  example: Schema.Number,
  close: Schema.Number,
  /** From the first to the last, what lies between included. */
  whole: Schema.Number
})

export const Process = Schema.Struct({
  pid: Schema.Int,
  command: Schema.String,
  /** Resident, in bytes. */
  memory: Schema.Number
})

export class Measurement extends Schema.Class<Measurement>("bench/Measurement")({
  result: Schema.Number,
  /** Hosts whose cleanup report says that nothing is left, and all of them. */
  clean: Schema.Int,
  runtimes: Schema.Int,
  phases: Phases,
  /** Whether an environment had to be made. */
  made: Schema.Boolean,
  /** The most that the manager's Node process had resident, in bytes: from /proc, at its end. */
  nodePeak: Schema.Number,
  /** Everything on the manager while the cluster stood, without Node itself. */
  processes: Schema.Array(Process),
  schedulerPython: Schema.String,
  workerPython: Schema.String
}) {}

export const Line = Schema.parseJson(Measurement)
