/**
 * What to do on a host, as data: a task prints, compares and serialises, and runs nothing by itself.
 *
 * @since 0.1.0
 */
import * as Equal from "effect/Equal"
import { dual } from "effect/Function"
import * as Schema from "effect/Schema"
import { type AnyFunction, change, Fields, fieldsOf, isRuntimeTask, RuntimeTask } from "./runtimeTaskModel.ts"
import * as TaskStep from "./TaskStep.ts"

export { isRuntimeTask, RuntimeTask } from "./runtimeTaskModel.ts"
export {
  type CommandOptions,
  type FunctionOptions,
  getFile,
  runCommand,
  runFunction,
  sendFile
} from "./runtimeTaskSteps.ts"

const Plain = Schema.Struct({ version: Schema.Literal(1), ...Fields.fields })

/**
 * What the functions of a task return.
 *
 * @since 0.1.0
 * @category models
 */
export type Returns<Task> = Task extends RuntimeTask<infer R> ? R : never

/**
 * A task without steps. Its name, by default `task`, need not be unique: it names logs and errors.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * import { RuntimeTask } from "lazycluster"
 *
 * const task = RuntimeTask.make("my-first-task").pipe(
 *   RuntimeTask.sendFile("./input.csv", "data/"),
 *   RuntimeTask.runCommand("wc -l data/input.csv > lines.txt"),
 *   RuntimeTask.getFile("lines.txt")
 * )
 */
export const make = (name = "task"): RuntimeTask<[]> =>
  new RuntimeTask<[]>({ name, env: {}, omitOnJoin: false, steps: [] })

/**
 * The same task under another name.
 *
 * @since 0.1.0
 * @category combinators
 */
export const copy: {
  (name: string): <R extends ReadonlyArray<unknown>>(self: RuntimeTask<R>) => RuntimeTask<R>
  <R extends ReadonlyArray<unknown>>(self: RuntimeTask<R>, name: string): RuntimeTask<R>
} = dual(2, <R extends ReadonlyArray<unknown>>(self: RuntimeTask<R>, name: string) => change(self, { name }))

/**
 * Adds to the environment of all steps.
 *
 * @since 0.1.0
 * @category combinators
 */
export const withEnv: {
  (env: Readonly<Record<string, string>>): <R extends ReadonlyArray<unknown>>(self: RuntimeTask<R>) => RuntimeTask<R>
  <R extends ReadonlyArray<unknown>>(self: RuntimeTask<R>, env: Readonly<Record<string, string>>): RuntimeTask<R>
} = dual(
  2,
  <R extends ReadonlyArray<unknown>>(self: RuntimeTask<R>, env: Readonly<Record<string, string>>) =>
    change(self, { env: { ...self.env, ...env } })
)

const concatenated = (a: RuntimeTask, b: RuntimeTask) => ({
  steps: [...a.steps, ...b.steps],
  functions: new Map([
    ...a.functions,
    ...[...b.functions].map(([index, f]): [number, AnyFunction] => [a.steps.length + index, f])
  ])
})

/** Each step keeps the environment that it had. */
const ownEnv = (self: RuntimeTask): RuntimeTask =>
  change(self, {
    env: {},
    steps: self.steps.map((step) => "env" in step ? { ...step, env: { ...self.env, ...step.env } } : step)
  })

/**
 * The steps of a task and then those of another, under the name of the first. Each step keeps the environment of its own
 * task.
 *
 * @since 0.1.0
 * @category combinators
 */
export const concat: {
  <B extends ReadonlyArray<unknown>>(
    that: RuntimeTask<B>
  ): <A extends ReadonlyArray<unknown>>(self: RuntimeTask<A>) => RuntimeTask<[...A, ...B]>
  <A extends ReadonlyArray<unknown>, B extends ReadonlyArray<unknown>>(
    self: RuntimeTask<A>,
    that: RuntimeTask<B>
  ): RuntimeTask<[...A, ...B]>
} = dual(
  2,
  <A extends ReadonlyArray<unknown>, B extends ReadonlyArray<unknown>>(self: RuntimeTask<A>, that: RuntimeTask<B>) => {
    const same = Equal.equals(make().pipe(withEnv(self.env)), make().pipe(withEnv(that.env)))
    const { functions, steps } = same ? concatenated(self, that) : concatenated(ownEnv(self), ownEnv(that))
    return new RuntimeTask<[...A, ...B]>({ ...fieldsOf(self), env: same ? self.env : {}, steps }, functions)
  }
)

/**
 * Leaves the task out when its runtime or group is joined.
 *
 * @since 0.1.0
 * @category combinators
 */
export const omitOnJoin = <R extends ReadonlyArray<unknown>>(self: RuntimeTask<R>): RuntimeTask<R> =>
  change(self, { omitOnJoin: true })

/**
 * Something that keeps a task from running, and in which step.
 *
 * @since 0.1.0
 * @category models
 */
export interface Problem {
  /** From 0; missing when the task as a whole is meant. */
  readonly step?: number | undefined
  readonly detail: string
}

/**
 * What keeps a task from running: an empty command, path or name, an impossible environment, arguments that their schema
 * refuses. A task with problems is refused before its first step.
 *
 * @since 0.1.0
 * @category guards
 */
export const problems = (self: RuntimeTask): ReadonlyArray<Problem> => [
  ...(self.name.trim() === "" ? [{ detail: "the name is empty" }] : []),
  ...TaskStep.envProblems(self.env).map((detail) => ({ detail })),
  ...self.steps.flatMap((step, index) => TaskStep.problems(step).map((detail) => ({ step: index, detail })))
]

/**
 * The plan: a line for each step. Values of the environment are left out, as they may be secret, and so are the arguments of
 * functions that take a `Redacted`.
 *
 * @since 0.1.0
 * @category combinators
 */
export const render = (self: RuntimeTask): string => String(self)

/**
 * A task and its plain form. It holds the environment's values too, and arguments that were `Redacted`. The schemas of
 * functions do not travel: what they return is then given as the JSON that it is.
 *
 * @since 0.1.0
 * @category schemas
 */
export const schema: Schema.Schema<RuntimeTask, typeof Plain.Encoded> = Schema.transform(
  Plain,
  Schema.declare(isRuntimeTask),
  {
    strict: true,
    decode: (fields) => new RuntimeTask(fields),
    encode: (task) => ({ version: 1 as const, ...fieldsOf(task) })
  }
)

/**
 * A task and its JSON text.
 *
 * @since 0.1.0
 * @category schemas
 */
export const json: Schema.Schema<RuntimeTask, string> = Schema.parseJson(schema)
