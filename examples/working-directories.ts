/**
 * A runtime works in a temporary directory, which goes with it, or in one that you name, which stays.
 *
 *     npx tsx examples/working-directories.ts
 */
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect } from "effect"
import { Lazycluster, Runtime, RuntimeGroup, RuntimeTask } from "lazycluster"

const task = RuntimeTask.make("where").pipe(RuntimeTask.runCommand("pwd"))

const program = Effect.gen(function*() {
  const one = yield* Runtime.make("host-1")
  const two = yield* Runtime.make("host-2", { workingDirectory: "~/workspace" })
  yield* Console.log(`${one.host} works in ${one.workingDirectory}`)
  yield* Console.log(`${two.host} works in ${two.workingDirectory}`)

  // A group of runtimes that stand, each in its own directory.
  const mixed = RuntimeGroup.fromRuntimes([one, two])
  const done = yield* RuntimeGroup.execute(mixed, task, { host: "host-2" })
  yield* Console.log(`${done.host} says ${done.executionLog[0]?.stdout.trim()}`)

  // A group that takes its hosts into use by itself, all in a directory of the same name.
  const group = yield* RuntimeGroup.make(["host-1", "host-2"], { workingDirectory: "~/workspace" })
  for (const { host, workingDirectory } of group.runtimes) yield* Console.log(`${host} works in ${workingDirectory}`)
})

program.pipe(Effect.scoped, Effect.provide(Lazycluster.layer), NodeRuntime.runMain)
