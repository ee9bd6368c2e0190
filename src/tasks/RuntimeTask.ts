/**
 * What to do on a host, as data: a task prints, compares and serialises, and runs nothing by itself.
 *
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import * as Equal from "effect/Equal"
import { dual } from "effect/Function"
import * as Hash from "effect/Hash"
import * as Pipeable from "effect/Pipeable"
import * as Schema from "effect/Schema"
import * as PythonFunction from "./PythonFunction.ts"
import * as TaskStep from "./TaskStep.ts"

const Fields = Schema.Struct({
  name: Schema.String,
  env: Schema.Record({ key: Schema.String, value: Schema.String }),
  omitOnJoin: Schema.Boolean,
  steps: Schema.Array(TaskStep.TaskStep)
})

const Plain = Schema.Struct({ version: Schema.Literal(1), ...Fields.fields })

const equivalent = Schema.equivalence(Fields)

type AnyFunction = PythonFunction.PythonFunction<never, unknown>

declare const ReturnsId: unique symbol

/**
 * A name, an environment and steps. `Returns` is the tuple of what its functions return.
 *
 * Two tasks with the same name, environment and steps are equal. The functions of this module give a new task each time, so
 * that one task can run on many hosts at once.
 *
 * @since 0.1.0
 * @category models
 */
export class RuntimeTask<out Returns extends ReadonlyArray<unknown> = ReadonlyArray<unknown>> extends Pipeable.Class() {
  declare readonly [ReturnsId]: Returns
  readonly name: string
  /** Added to the runtime's environment; a step's own is added to both. */
  readonly env: Readonly<Record<string, string>>
  /** Whether a join of the runtime leaves this task out. */
  readonly omitOnJoin: boolean
  readonly steps: ReadonlyArray<TaskStep.TaskStep>
  /** By the index of their step: how to read what they return. They do not travel with the JSON form. */
  readonly functions: ReadonlyMap<number, AnyFunction>

  /** @internal */
  constructor(fields: typeof Fields.Type, functions: ReadonlyMap<number, AnyFunction> = new Map()) {
    super()
    this.name = fields.name
    this.env = fields.env
    this.omitOnJoin = fields.omitOnJoin
    this.steps = fields.steps
    this.functions = functions
  }

  /** @internal */
  [Equal.symbol](that: unknown): boolean {
    return that instanceof RuntimeTask && equivalent(this, that)
  }

  /** @internal */
  [Hash.symbol](): number {
    return Hash.combine(Hash.string(this.name))(
      Hash.array(this.steps.map((step) => Hash.string(TaskStep.render(step))))
    )
  }

  override toString(): string {
    return render(this)
  }
}

/**
 * What the functions of a task return.
 *
 * @since 0.1.0
 * @category models
 */
export type Returns<Task> = Task extends RuntimeTask<infer R> ? R : never

/**
 * Whether a value is a task.
 *
 * @since 0.1.0
 * @category guards
 */
export const isRuntimeTask = (u: unknown): u is RuntimeTask => u instanceof RuntimeTask

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

const fieldsOf = ({ env, name, omitOnJoin, steps }: RuntimeTask): typeof Fields.Type => ({
  env,
  name,
  omitOnJoin,
  steps
})

const change = <R extends ReadonlyArray<unknown>>(
  self: RuntimeTask<R>,
  fields: Partial<typeof Fields.Type>
): RuntimeTask<R> => new RuntimeTask<R>({ ...fieldsOf(self), ...fields }, self.functions)

const append = <R extends ReadonlyArray<unknown>>(self: RuntimeTask<R>, step: TaskStep.TaskStep): RuntimeTask<R> =>
  change(self, { steps: [...self.steps, step] })

/** Optional last arguments: the number of arguments does not tell the two calling styles apart. */
const isDataFirst = (args: IArguments): boolean => isRuntimeTask(args[0])

/**
 * How to run a command.
 *
 * @since 0.1.0
 * @category models
 */
export interface CommandOptions {
  /** Added to the environment of runtime and task. Never written to a log. */
  readonly env?: Readonly<Record<string, string>> | undefined
}

/**
 * Adds a line of shell, as it would be typed: it is one argument of `sh -c`, run in the working directory.
 *
 * @since 0.1.0
 * @category combinators
 */
export const runCommand: {
  (
    command: string,
    options?: CommandOptions
  ): <R extends ReadonlyArray<unknown>>(self: RuntimeTask<R>) => RuntimeTask<R>
  <R extends ReadonlyArray<unknown>>(self: RuntimeTask<R>, command: string, options?: CommandOptions): RuntimeTask<R>
} = dual(
  isDataFirst,
  <R extends ReadonlyArray<unknown>>(self: RuntimeTask<R>, command: string, options?: CommandOptions) =>
    append(self, { _tag: "RunCommand", command, env: options?.env ?? {} })
)

/**
 * Adds a copy of a local file or directory to the host. `remote` is relative to the working directory, absolute, or below
 * `~`; without it, the local name in the working directory. Ending in `/`, it takes the copy under its own name.
 *
 * @since 0.1.0
 * @category combinators
 */
export const sendFile: {
  (local: string, remote?: string): <R extends ReadonlyArray<unknown>>(self: RuntimeTask<R>) => RuntimeTask<R>
  <R extends ReadonlyArray<unknown>>(self: RuntimeTask<R>, local: string, remote?: string): RuntimeTask<R>
} = dual(
  isDataFirst,
  <R extends ReadonlyArray<unknown>>(self: RuntimeTask<R>, local: string, remote?: string) =>
    append(self, { _tag: "SendFile", local, ...(remote === undefined ? {} : { remote }) })
)

/**
 * Adds a copy of a file or directory of the host to this machine; without `local`, under its own name in the current
 * directory.
 *
 * @since 0.1.0
 * @category combinators
 */
export const getFile: {
  (remote: string, local?: string): <R extends ReadonlyArray<unknown>>(self: RuntimeTask<R>) => RuntimeTask<R>
  <R extends ReadonlyArray<unknown>>(self: RuntimeTask<R>, remote: string, local?: string): RuntimeTask<R>
} = dual(
  isDataFirst,
  <R extends ReadonlyArray<unknown>>(self: RuntimeTask<R>, remote: string, local?: string) =>
    append(self, { _tag: "GetFile", remote, ...(local === undefined ? {} : { local }) })
)

/**
 * How to call a function.
 *
 * @since 0.1.0
 * @category models
 */
export interface FunctionOptions extends CommandOptions {
  /** The interpreter; default `python3`. */
  readonly python?: string | undefined
}

/**
 * Adds a call of a Python function; what it returns is the next value of the task's `returns`. The arguments are made JSON
 * at once; those that their schema refuses are a problem of the task.
 *
 * @since 0.1.0
 * @category combinators
 */
export const runFunction: {
  <Args, A>(
    f: PythonFunction.PythonFunction<Args, A>,
    args: NoInfer<Args>,
    options?: FunctionOptions
  ): <R extends ReadonlyArray<unknown>>(self: RuntimeTask<R>) => RuntimeTask<[...R, A]>
  <R extends ReadonlyArray<unknown>, Args, A>(
    self: RuntimeTask<R>,
    f: PythonFunction.PythonFunction<Args, A>,
    args: NoInfer<Args>,
    options?: FunctionOptions
  ): RuntimeTask<[...R, A]>
} = dual(
  isDataFirst,
  <R extends ReadonlyArray<unknown>, Args, A>(
    self: RuntimeTask<R>,
    f: PythonFunction.PythonFunction<Args, A>,
    args: Args,
    options: FunctionOptions = {}
  ): RuntimeTask<[...R, A]> => {
    const step: TaskStep.TaskStep = {
      _tag: "RunFunction",
      env: options.env ?? {},
      ...(options.python === undefined ? {} : { python: options.python }),
      ...Either.getOrElse(PythonFunction.request(f, args), (error) => ({
        name: f.name,
        source: f.source,
        args: "{}",
        refused: error.message
      }))
    }
    const functions = new Map<number, AnyFunction>([...self.functions, [self.steps.length, f]])
    return new RuntimeTask({ ...fieldsOf(self), steps: [...self.steps, step] }, functions)
  }
)

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
 * The plan: a line for each step. Values of the environment are left out, as they may be secret.
 *
 * @since 0.1.0
 * @category combinators
 */
export const render = (self: RuntimeTask): string => {
  const names = Object.keys(self.env)
  return [
    `task ${self.name}${names.length === 0 ? "" : ` (env: ${names.join(", ")})`}`,
    ...self.steps.map((step, index) => `  ${index} ${TaskStep.render(step)}`)
  ].join("\n")
}

/**
 * A task and its plain form. It holds the environment's values too. The schemas of functions do not travel: what
 * they return is then given as the JSON that it is.
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
