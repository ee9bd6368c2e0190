import { NodeContext } from "@effect/platform-node"
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { ExecutionLog, Runtime, RuntimeTask, TaskRunner } from "lazycluster"
import { InMemorySsh } from "lazycluster/testing"

const build = RuntimeTask.make("build").pipe(
  RuntimeTask.runCommand("mkdir -p dist && echo done > dist/log && cat dist/log")
)

/** With logs nowhere; files that tasks send and get are those of this machine. */
const runner = TaskRunner.layer().pipe(Layer.provide([ExecutionLog.layerNoop, NodeContext.layer]))

it.effect("a task runs on a host in memory, and leaves nothing there", () =>
  Effect.gen(function*() {
    const runtime = yield* Runtime.make("host-1")
    const { executionLog } = yield* Runtime.execute(runtime, build)
    assert.strictEqual(executionLog[0]?.stdout, "done\n")
  }).pipe(InMemorySsh.check(["host-1"]), Effect.provide(runner)))
