/**
 * The output of all hosts as it comes, each line behind its host.
 *
 *     npx tsx examples/debug.ts
 */
import { NodeRuntime } from "@effect/platform-node"
import { Effect } from "effect"
import { ExecutionLog, Lazycluster, RuntimeGroup, RuntimeTask } from "lazycluster"

const task = RuntimeTask.make("debug-test").pipe(RuntimeTask.runCommand("python3 --version"))

const program = Effect.gen(function*() {
  const group = yield* RuntimeGroup.make(["host-1", "host-2"])
  yield* RuntimeGroup.broadcast(group, task)
})

program.pipe(
  Effect.scoped,
  Effect.provide(Lazycluster.layerOf({ executionLog: { live: ExecutionLog.toConsole } })),
  NodeRuntime.runMain
)
