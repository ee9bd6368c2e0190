import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Stream from "effect/Stream"
import { describe, expectTypeOf, it } from "vitest"
import * as PythonFunction from "../../src/tasks/PythonFunction.ts"
import * as RuntimeTask from "../../src/tasks/RuntimeTask.ts"
import type { TaskError } from "../../src/tasks/TaskError.ts"
import type { TaskEvent, TaskResult } from "../../src/tasks/TaskEvent.ts"
import * as TaskRunner from "../../src/tasks/TaskRunner.ts"
import type { TaskTarget } from "../../src/tasks/TaskTarget.ts"

declare const target: TaskTarget

const hello = PythonFunction.make({
  source: "def hello(name): return name",
  args: { name: Schema.String },
  returns: Schema.String
})

const when = PythonFunction.make({
  source: "def when(): return '2026-11-22'",
  args: {},
  returns: Schema.DateFromString
})

describe("Returns", () => {
  it("is empty without functions", () => {
    expectTypeOf(RuntimeTask.make("t").pipe(RuntimeTask.runCommand("true"), RuntimeTask.sendFile("a")))
      .toEqualTypeOf<RuntimeTask.RuntimeTask<[]>>()
  })

  it("grows with each function, in both styles", () => {
    const piped = RuntimeTask.make("t").pipe(
      RuntimeTask.runFunction(hello, { name: "a" }),
      RuntimeTask.getFile("x"),
      RuntimeTask.runFunction(when, {}),
      RuntimeTask.copy("u"),
      RuntimeTask.omitOnJoin
    )
    expectTypeOf(piped).toEqualTypeOf<RuntimeTask.RuntimeTask<[string, Date]>>()
    expectTypeOf<RuntimeTask.Returns<typeof piped>>().toEqualTypeOf<[string, Date]>()
    const first = RuntimeTask.runFunction(RuntimeTask.make(), hello, { name: "a" })
    expectTypeOf(RuntimeTask.runFunction(first, when, {})).toEqualTypeOf<RuntimeTask.RuntimeTask<[string, Date]>>()
  })

  it("reaches the result and the events", () => {
    const task = RuntimeTask.make().pipe(RuntimeTask.runFunction(hello, { name: "a" }))
    expectTypeOf(TaskRunner.run(target, task)).toEqualTypeOf<
      Effect.Effect<TaskResult<[string]>, TaskError, TaskRunner.TaskRunner>
    >()
    expectTypeOf(TaskRunner.stream(target, task)).toEqualTypeOf<
      Stream.Stream<TaskEvent<[string]>, TaskError, TaskRunner.TaskRunner>
    >()
  })

  it("is unknown after JSON", () => {
    expectTypeOf<Schema.Schema.Type<typeof RuntimeTask.json>>().toEqualTypeOf<RuntimeTask.RuntimeTask>()
  })
})

describe("arguments", () => {
  it("are those of the function", () => {
    // @ts-expect-error a number is no string
    RuntimeTask.runFunction(hello, { name: 1 })
    // @ts-expect-error the name is missing
    RuntimeTask.runFunction(RuntimeTask.make(), hello, {})
  })
})
