/**
 * A manager to be killed in the middle: sends a folder to a host, so many bytes of it.
 * `transferManager.ts CONFIG_FILE HOST LOCAL REMOTE BYTES`
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as Lazycluster from "../../src/Lazycluster.ts"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import * as FileTransfer from "../../src/services/FileTransfer.ts"

const [configFile = "", host = "", local = "", remote = "", bytes = ""] = process.argv.slice(2)

Effect.gen(function*() {
  const runtime = yield* Runtime.make(host, { lease: "2 seconds" })
  yield* FileTransfer.sendStream(runtime, local, remote).pipe(
    Stream.filterMap((event) => event._tag === "Copied" ? Option.some(event.progress.bytes) : Option.none()),
    // Who does not read on holds the transfer up: it waits to be killed.
    Stream.runForEach((sent) =>
      Effect.when(Effect.zipRight(Console.log(sent), Effect.never), () => sent > Number(bytes))
    )
  )
}).pipe(
  Effect.scoped,
  Effect.provide(Lazycluster.layerOf({ sshConfig: { file: configFile } })),
  NodeRuntime.runMain
)
