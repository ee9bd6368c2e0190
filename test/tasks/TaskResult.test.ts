import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as TaskResult from "../../src/tasks/TaskResult.ts"

const step = (log: Partial<TaskResult.StepLog>): TaskResult.StepLog => ({
  step: 0,
  kind: "RunCommand",
  text: "run true",
  stdout: "",
  stderr: "",
  dropped: { stdout: 0, stderr: 0 },
  duration: Duration.millis(12),
  ...log
})

const result = (task: string, executionLog: ReadonlyArray<TaskResult.StepLog>): TaskResult.TaskResult => ({
  host: "host-1",
  task,
  executionLog,
  returns: [],
  logFile: undefined
})

describe("TaskResult", () => {
  const greet = result("greet", [
    step({
      text: "run ls",
      exitCode: 0,
      stdout: "a\r\n\n\u001b[31mb\n",
      stderr: "oops",
      dropped: { stdout: 7, stderr: 0 }
    }),
    step({
      step: 1,
      kind: "SendFile",
      text: "send a.csv",
      transferred: { files: 2, bytes: 10, skipped: [], unchanged: 0, resumed: 0 }
    })
  ])

  it("reads by step, both outputs apart, safe for a terminal", () => {
    assert.strictEqual(
      TaskResult.render(greet),
      [
        "Log of task greet on host-1:",
        "  0: run ls (exit code 0, 12ms)",
        "    | (7 characters before this are in the log file)",
        "    | a",
        "    |",
        "    | b",
        "    ! oops",
        "  1: send a.csv (2 files, 10 bytes, 12ms)"
      ].join("\n")
    )
  })

  it("reads of several, and says where there is nothing", () => {
    assert.strictEqual(
      TaskResult.render([result("nothing", []), result("one", [step({})])]),
      "The log of task nothing on host-1 is empty\nLog of task one on host-1:\n  0: run true (12ms)"
    )
  })
})
