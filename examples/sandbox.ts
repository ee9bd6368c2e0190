/**
 * Three hosts inside this process: to try things out, and for tests. No SSH server is needed.
 *
 *     npx tsx examples/sandbox.ts
 */
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect } from "effect"
import { Lazycluster, RuntimeGroup, RuntimeTask } from "lazycluster"
import { Sandbox } from "lazycluster/testing"

const program = Effect.gen(function*() {
  const group = yield* RuntimeGroup.make(["host-1", "host-2", "host-3"])
  const task = RuntimeTask.make("greet").pipe(RuntimeTask.runCommand("echo hello from $HOME"))
  const outcomes = yield* RuntimeGroup.broadcast(group, task)
  yield* Console.log(`${outcomes.length} hosts have answered`)
})

Effect.gen(function*() {
  const sandbox = yield* Sandbox.make({ hosts: 3 })
  // The layer closes after the scope of what runs on it.
  yield* program.pipe(
    Effect.scoped,
    Effect.provide(Lazycluster.layerOf({ sshConfig: { file: sandbox.configFile } }))
  )
}).pipe(Effect.scoped, NodeRuntime.runMain)
