/**
 * Variables for shell commands and for Python functions; `WORKING_DIR` is always among them.
 *
 *     npx tsx examples/environment.ts
 */
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Schema } from "effect"
import { Lazycluster, PythonFunction, Runtime, RuntimeGroup, RuntimeTask } from "lazycluster"

const variable = PythonFunction.make({
  source: `
    def variable(name):
        import os
        return os.environ[name]
  `,
  args: { name: Schema.String },
  returns: Schema.String
})

const task = RuntimeTask.make("look").pipe(
  RuntimeTask.runCommand("echo foo is $foo, here is $WORKING_DIR"),
  RuntimeTask.runFunction(variable, { name: "foo" })
)

const program = Effect.gen(function*() {
  const runtime = yield* Runtime.make("host-1", { environment: { foo: "bar" } })
  const alone = yield* Runtime.execute(runtime, task)
  yield* Console.log(alone.executionLog[0]?.stdout.trim())
  yield* Console.log(`the function sees ${alone.returns[0]}`)

  // For all runtimes of a group at once.
  const made = yield* RuntimeGroup.make(["host-1", "host-2"])
  const group = RuntimeGroup.withEnvironment(made, { foo: "baz" })
  const all = yield* RuntimeGroup.onEach(group, (runtime) => Runtime.execute(runtime, task))
  for (const { host, result } of all) yield* Console.log(`${host} sees ${(yield* result).returns[0]}`)
})

program.pipe(Effect.scoped, Effect.provide(Lazycluster.layer), NodeRuntime.runMain)
