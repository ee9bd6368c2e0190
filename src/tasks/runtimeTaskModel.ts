/**
 * A task as a value. `RuntimeTask` has what is done with it.
 *
 * @since 0.1.0
 */
import * as Equal from "effect/Equal"
import * as Hash from "effect/Hash"
import * as Pipeable from "effect/Pipeable"
import * as Schema from "effect/Schema"
import type { RemoteFunction } from "./RemoteFunction.ts"
import * as TaskStep from "./TaskStep.ts"

/** @internal */
export const Fields = Schema.Struct({
  name: Schema.String,
  env: Schema.Record({ key: Schema.String, value: Schema.String }),
  omitOnJoin: Schema.Boolean,
  steps: Schema.Array(TaskStep.TaskStep)
})

const equivalent = Schema.equivalence(Fields)

/** Not internal: the types of `RuntimeTask` name it. */
export type AnyFunction = RemoteFunction<never, unknown, unknown, unknown, unknown>

const titleOf = ({ env, name }: { readonly env: Readonly<Record<string, string>>; readonly name: string }): string => {
  const names = Object.keys(env)
  return `task ${name}${names.length === 0 ? "" : ` (env: ${names.join(", ")})`}`
}

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
    return [titleOf(this), ...this.steps.map((step, index) => `  ${index} ${TaskStep.render(step)}`)].join("\n")
  }
}

/**
 * Whether a value is a task.
 *
 * @since 0.1.0
 * @category guards
 */
export const isRuntimeTask = (u: unknown): u is RuntimeTask => u instanceof RuntimeTask

/** @internal */
export const fieldsOf = ({ env, name, omitOnJoin, steps }: RuntimeTask): typeof Fields.Type => ({
  env,
  name,
  omitOnJoin,
  steps
})

/** @internal */
export const change = <R extends ReadonlyArray<unknown>>(
  self: RuntimeTask<R>,
  fields: Partial<typeof Fields.Type>
): RuntimeTask<R> => new RuntimeTask<R>({ ...fieldsOf(self), ...fields }, self.functions)

/** @internal */
export const append = <R extends ReadonlyArray<unknown>>(
  self: RuntimeTask<R>,
  step: TaskStep.TaskStep
): RuntimeTask<R> => change(self, { steps: [...self.steps, step] })
