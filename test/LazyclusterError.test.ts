import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { LazyclusterError } from "../src/LazyclusterError.ts"
import * as Errors from "../src/LazyclusterError.ts"
import { GroupError } from "../src/runtimes/GroupError.ts"
import { TaskError } from "../src/tasks/TaskError.ts"

const task = new TaskError({
  reason: "CommandFailed",
  host: "host-1",
  task: "train",
  step: 2,
  detail: "exited with 3",
  exitCode: 3,
  log: ["why"]
})

const group = new GroupError({ reason: "NoHosts", step: "RuntimeManager.createGroup", detail: "0 of 2 hosts" })

describe("an error of this package", () => {
  it("is told from others", () => {
    for (const error of [task, group]) assert.isTrue(Errors.isLazyclusterError(error))
    for (const other of [new Error("of somebody"), { ...group }, "TaskError", undefined]) {
      assert.isFalse(Errors.isLazyclusterError(other))
    }
  })

  it.effect("passes through JSON with its fields and its message", () =>
    Effect.gen(function*() {
      const json = Schema.parseJson(LazyclusterError)
      for (const error of [task, group]) {
        const back = yield* Schema.decode(json)(yield* Schema.encode(json)(error))
        assert.strictEqual(back._tag, error._tag)
        assert.strictEqual(back.message, error.message)
        assert.strictEqual(back.reason, error.reason)
      }
    }))
})
