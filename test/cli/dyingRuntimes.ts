/**
 * A manager to be killed: takes `host-1` and itself into use, each with a process, says `ready` and stays.
 * `dyingRuntimes.ts CONFIG_FILE`
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Lazycluster from "../../src/Lazycluster.ts"
import * as Runtime from "../../src/runtimes/Runtime.ts"

const [configFile = ""] = process.argv.slice(2)

const options = { lease: "20 seconds" } as const

Effect.gen(function*() {
  const runtimes = yield* Effect.all([Runtime.make("host-1", options), Runtime.manager(options)])
  yield* Effect.forEach(runtimes, (runtime) => runtime.start("worker", { argv: ["sleep", "1000"] }))
  yield* Console.log("ready")
  return yield* Effect.never
}).pipe(
  Effect.scoped,
  Effect.provide(Lazycluster.layerOf({ sshConfig: { file: configFile } })),
  NodeRuntime.runMain
)
