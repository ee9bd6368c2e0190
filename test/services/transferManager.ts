/** A manager to be killed in the middle: sends a folder to a host. `transferManager.ts CONFIG_FILE HOST LOCAL REMOTE` */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Lazycluster from "../../src/Lazycluster.ts"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import * as FileTransfer from "../../src/services/FileTransfer.ts"

const [configFile = "", host = "", local = "", remote = ""] = process.argv.slice(2)

Effect.gen(function*() {
  const runtime = yield* Runtime.make(host, { lease: "2 seconds" })
  yield* FileTransfer.sendStream(runtime, local, remote).pipe(
    Stream.runForEach((event) => event._tag === "Copied" ? Console.log(event.progress.bytes) : Effect.void)
  )
}).pipe(
  Effect.scoped,
  Effect.provide(Lazycluster.layerOf({ sshConfig: { file: configFile } })),
  NodeRuntime.runMain
)
