/**
 * A manager to be killed: listens on a port and on a Unix socket of `host1`, outside of what a runtime removes, says the port
 * and stays. `dyingExposure.ts CONFIG_FILE SOCKET ssh2|openssh`
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Lazycluster from "../../src/Lazycluster.ts"
import * as Expose from "../../src/runtimes/Expose.ts"
import * as Runtime from "../../src/runtimes/Runtime.ts"

const [configFile = "", path = "", transport] = process.argv.slice(2)

const life = Effect.gen(function*() {
  const runtime = yield* Runtime.make("host1", { lease: "4 seconds" })
  const { port } = yield* Expose.toRuntime(runtime, 8000, { at: "any" })
  yield* Expose.toRuntime(runtime, 8000, { at: { path } })
  yield* Console.log(`listens ${port}`)
  return yield* Effect.never
})

life.pipe(
  Effect.scoped,
  Effect.provide(Lazycluster.layerOf({
    sshConfig: { file: configFile },
    ssh: { transport: transport === "openssh" ? transport : "ssh2" }
  })),
  NodeRuntime.runMain
)
