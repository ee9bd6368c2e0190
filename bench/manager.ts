/** A manager in a process of its own, so that its memory is its own: ssh config and hosts in, one line of JSON out. */
// As the command does.
import "../src/internal/leanHeap.ts"
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as process from "node:process"
import * as Lazycluster from "../src/Lazycluster.ts"
import * as measure from "./measure.ts"
import { Line } from "./Measurement.ts"

const [, , file, ...hosts] = process.argv

measure.run(hosts).pipe(
  Effect.flatMap(Schema.encode(Line)),
  Effect.flatMap(Console.log),
  Effect.provide(Layer.merge(Lazycluster.layerOf({ sshConfig: { file } }), NodeContext.layer)),
  NodeRuntime.runMain
)
