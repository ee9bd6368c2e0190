/** A look at what a manager holds, after so many rounds. */
import * as Schema from "effect/Schema"
import { Snapshot } from "./soakMeter.ts"

export class Moment extends Schema.Class<Moment>("bench/Moment")({
  done: Schema.Int,
  /** What the rounds since the first look took. */
  millis: Schema.Number,
  /** TCP connections that carry the runtime's. */
  transports: Schema.Int,
  snapshot: Snapshot
}) {}
