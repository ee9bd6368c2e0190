/** `tsx bench/run.ts NAME [ARGUMENT...]`: compiles bench/NAME.ts and the library as users get it, and runs that with bare Node. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Command from "@effect/platform/Command"
import * as Effect from "effect/Effect"
import * as process from "node:process"
import { compiled } from "./compile.ts"

const [name, ...args] = process.argv.slice(2)

Effect.gen(function*() {
  const directory = yield* compiled
  const code = yield* Command.exitCode(
    Command.make(process.execPath, `${directory}/${name}.js`, ...args).pipe(
      Command.stdout("inherit"),
      Command.stderr("inherit")
    )
  )
  if (code !== 0) return yield* Effect.dieMessage(`${name}: exit code ${code}`)
}).pipe(Effect.scoped, Effect.provide(NodeContext.layer), NodeRuntime.runMain)
