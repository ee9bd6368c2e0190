/**
 * A shell command and a Python function on one host, with what they printed and returned.
 *
 *     npx tsx examples/first-task.ts host-1
 */
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Schema } from "effect"
import { Lazycluster, PythonFunction, Runtime, RuntimeTask } from "lazycluster"

const hello = PythonFunction.make({
  source: `
    def hello(name):
        return f"Hello {name}!"
  `,
  args: { name: Schema.String },
  returns: Schema.String
})

const task = RuntimeTask.make("my-first-task").pipe(
  RuntimeTask.runCommand("echo Hello World!"),
  RuntimeTask.runFunction(hello, { name: "World" })
)

const program = Effect.gen(function*() {
  const runtime = yield* Runtime.make(process.argv[2] ?? "host-1")
  const done = yield* Runtime.execute(runtime, task)
  yield* Console.log(done.executionLog[0]?.stdout.trim())
  yield* Console.log(done.returns[0].toUpperCase()) // a string, by its schema
})

program.pipe(Effect.scoped, Effect.provide(Lazycluster.layer), NodeRuntime.runMain)
