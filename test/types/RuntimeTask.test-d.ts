import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Stream from "effect/Stream"
import { describe, expectTypeOf, it } from "vitest"
import type { SshError } from "../../src/services/SshError.ts"
import * as FunctionCall from "../../src/tasks/FunctionCall.ts"
import type { FunctionError } from "../../src/tasks/FunctionError.ts"
import * as JsFunction from "../../src/tasks/JsFunction.ts"
import * as PythonFunction from "../../src/tasks/PythonFunction.ts"
import * as RuntimeTask from "../../src/tasks/RuntimeTask.ts"
import type { TaskError } from "../../src/tasks/TaskError.ts"
import type { TaskEvent } from "../../src/tasks/TaskEvent.ts"
import type { TaskResult } from "../../src/tasks/TaskResult.ts"
import * as TaskRunner from "../../src/tasks/TaskRunner.ts"
import type { TaskTarget } from "../../src/tasks/TaskTarget.ts"
import type * as functions from "../tasks/functions/work.ts"

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

const work = JsFunction.fromModule<typeof functions>("../tasks/functions/work.ts")

const place = JsFunction.make({
  module: "work.ts",
  name: "place",
  args: {},
  returns: Schema.Struct({ cwd: Schema.Boolean })
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

  it("of joined tasks is both, in order", () => {
    const one = RuntimeTask.make("one").pipe(RuntimeTask.runFunction(hello, { name: "a" }))
    const two = RuntimeTask.make("two").pipe(
      RuntimeTask.runFunction(when, {}),
      RuntimeTask.runFunction(hello, { name: "b" })
    )
    expectTypeOf(RuntimeTask.concat(one, two)).toEqualTypeOf<RuntimeTask.RuntimeTask<[string, Date, string]>>()
    expectTypeOf(two.pipe(RuntimeTask.concat(one))).toEqualTypeOf<RuntimeTask.RuntimeTask<[Date, string, string]>>()
    expectTypeOf(RuntimeTask.concat(RuntimeTask.make(), RuntimeTask.make())).toEqualTypeOf<
      RuntimeTask.RuntimeTask<[]>
    >()
  })

  it("has functions of both languages", () => {
    const task = RuntimeTask.make().pipe(
      RuntimeTask.runFunction(hello, { name: "a" }),
      RuntimeTask.runFunction(work("hello", { args: { name: Schema.String }, returns: Schema.String }), { name: "b" }),
      RuntimeTask.runFunction(place, {})
    )
    expectTypeOf(task).toEqualTypeOf<RuntimeTask.RuntimeTask<[string, string, { readonly cwd: boolean }]>>()
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

describe("a function of a module", () => {
  it("takes the schemas that fit its types, and no others", () => {
    work("same", { args: { x: Schema.NumberFromString }, returns: Schema.NumberFromString })
    work("default", { args: { x: Schema.Number }, returns: Schema.Number })
    // @ts-expect-error it takes a text, and a number is sent
    work("same", { args: { x: Schema.Number }, returns: Schema.String })
    // @ts-expect-error an argument is missing
    work("hello", { args: {}, returns: Schema.String })
    // @ts-expect-error it gives a text
    work("hello", { args: { name: Schema.String }, returns: Schema.Number })
    // @ts-expect-error it gives a text, and no date is one
    work("hello", { args: { name: Schema.String }, returns: Schema.DateFromSelf })
    // @ts-expect-error there is no such export
    work("goodbye", { args: {}, returns: Schema.String })
    // @ts-expect-error it is no function
    work("notAFunction", { args: {}, returns: Schema.Number })
  })

  it("takes the schema of what it reports", () => {
    const done = Schema.Struct({ done: Schema.Number })
    const slowly = work("slowly", { args: { steps: Schema.Int }, returns: Schema.String, progress: done })
    expectTypeOf(FunctionCall.progress(target, slowly, { steps: 1 })).toEqualTypeOf<
      Stream.Stream<{ readonly done: number }, FunctionError | SshError>
    >()
    // @ts-expect-error it reports an object
    work("slowly", { args: { steps: Schema.Int }, returns: Schema.String, progress: Schema.Number })
  })
})

describe("FunctionCall", () => {
  it("gives what the schemas say", () => {
    expectTypeOf(FunctionCall.call(target, when, {})).toEqualTypeOf<Effect.Effect<Date, FunctionError | SshError>>()
    expectTypeOf(FunctionCall.progress(target, when, {})).toEqualTypeOf<
      Stream.Stream<unknown, FunctionError | SshError>
    >()
    // @ts-expect-error a number is no string
    FunctionCall.call(target, hello, { name: 1 })
  })
})
