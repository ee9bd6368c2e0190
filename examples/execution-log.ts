/**
 * What a task printed: by step, as a whole, and in a file.
 *
 *     npx tsx examples/execution-log.ts host-1
 */
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect } from "effect"
import { Lazycluster, Runtime, RuntimeTask, TaskResult } from "lazycluster"

const task = RuntimeTask.make("exec-log-demo").pipe(
  RuntimeTask.runCommand("echo Hello"),
  RuntimeTask.runCommand("echo lazycluster!; echo oops >&2")
)

const program = Effect.gen(function*() {
  const runtime = yield* Runtime.make(process.argv[2] ?? "host-1")
  const done = yield* Runtime.execute(runtime, task)
  yield* Console.log(done.executionLog[0]?.stdout.trim()) // Hello
  yield* Console.log(done.executionLog[1]?.stdout.trim()) // lazycluster!
  yield* Console.log(done.executionLog[1]?.stderr.trim()) // oops
  yield* Console.log(TaskResult.render(done))
  yield* Console.log(done.logFile)
})

program.pipe(Effect.scoped, Effect.provide(Lazycluster.layer), NodeRuntime.runMain)
