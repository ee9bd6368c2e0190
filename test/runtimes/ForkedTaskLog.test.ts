import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import * as ExecutionLog from "../../src/services/ExecutionLog.ts"
import * as RuntimeTask from "../../src/tasks/RuntimeTask.ts"
import * as TaskRunner from "../../src/tasks/TaskRunner.ts"
import { layer } from "../../src/testing/InMemorySsh.ts"

const commands = {
  server: ({ stdout }: { readonly stdout: (text: string) => Effect.Effect<void> }) =>
    Effect.zipRight(stdout("serving\n"), Effect.never)
}

describe("the log of a task in the background", () => {
  it.scoped("is known while it runs", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* fs.makeTempDirectoryScoped()
      const runner = TaskRunner.layer().pipe(
        Layer.provide(ExecutionLog.layer({ directory })),
        Layer.provide(NodeContext.layer)
      )
      const runtime = yield* Runtime.make("host-1")
      const forked = yield* Effect.provide(
        Runtime.fork(runtime, RuntimeTask.make("serve").pipe(RuntimeTask.runCommand("server"))),
        runner
      )
      const file = (yield* forked.logFile) ?? ""
      yield* TestClock.adjust("1 second")
      assert.isTrue(file.startsWith(`${directory}/execution_log/host-1/serve_`))
      assert.include(yield* fs.readFileString(file), "serving\n")
    }).pipe(Effect.provide([layer(["host-1"], { commands }), NodeContext.layer])))

  it.scoped("is none when the task cannot begin, or no log is kept", () =>
    Effect.gen(function*() {
      const runtime = yield* Runtime.make("host-1")
      const runner = TaskRunner.layer().pipe(Layer.provide([ExecutionLog.layerNoop, NodeContext.layer]))
      const fork = (name: string, command: string) =>
        Effect.provide(Runtime.fork(runtime, RuntimeTask.make(name).pipe(RuntimeTask.runCommand(command))), runner)
      assert.isUndefined(yield* (yield* fork("t", "server")).logFile)
      assert.isUndefined(yield* (yield* fork("t", "  ")).logFile)
    }).pipe(Effect.provide([layer(["host-1"], { commands }), NodeContext.layer])))
})
