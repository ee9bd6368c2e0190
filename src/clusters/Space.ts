/**
 * Search spaces: what Hyperopt may try, with the type of a point. Every expression of `hp` has its constructor here.
 *
 * @since 0.1.0
 */
import * as Inspectable from "effect/Inspectable"
import * as Schema from "effect/Schema"
import type * as Types from "effect/Types"
import type { SpaceExpression } from "./SpaceExpression.ts"
import * as SpaceSchema from "./spaceSchema.ts"

/**
 * @since 0.1.0
 * @category models
 */
export const TypeId: unique symbol = Symbol.for("lazycluster/Space")

/**
 * Tells spaces from other values.
 *
 * @since 0.1.0
 * @category models
 */
export type TypeId = typeof TypeId

/**
 * A space whose points are `A`. It prints as JSON, and is checked when a search begins.
 *
 * @since 0.1.0
 * @category models
 */
export interface Space<out A> extends Inspectable.Inspectable {
  readonly [TypeId]: { readonly _A: Types.Covariant<A> }
  readonly expression: SpaceExpression
}

/**
 * What may stand for a part of a space: a space, or a value that is the same in every point.
 *
 * @since 0.1.0
 * @category models
 */
export type Part = Space<unknown> | string | number | boolean | null

/** What a part is in a point. */
type Of<P> = P extends Space<infer A> ? A : P

/**
 * The type of the points of a space.
 *
 * @since 0.1.0
 * @category models
 */
export type Type<S extends Space<unknown>> = Of<S>

/**
 * Options of every parameter.
 *
 * @since 0.1.0
 * @category models
 */
export interface Labelled {
  /**
   * What Hyperopt calls the parameter, once in a space. Default: the path of its keys, such as `optimizer/1/momentum`; `value`
   * where the whole space is one parameter.
   */
  readonly label?: string | undefined
}

const Variance = { _A: (_: never): never => _ }

const make = (expression: SpaceExpression): Space<never> => ({
  ...Inspectable.BaseProto,
  [TypeId]: Variance,
  expression,
  toJSON: () => ({ _id: "Space", ...expression })
})

const labelOf = ({ label }: Labelled = {}) => label === undefined ? {} : { label }

/**
 * Whether a value is a space.
 *
 * @since 0.1.0
 * @category guards
 */
export const isSpace = (u: unknown): u is Space<unknown> => typeof u === "object" && u !== null && TypeId in u

const expressionOf = (part: Part): SpaceExpression =>
  isSpace(part) ? part.expression : { _tag: "Constant", value: part }

/**
 * A point with these fields, each from a space of its own.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * import { Space } from "lazycluster"
 *
 * const space = Space.struct({
 *   rate: Space.loguniform(Math.log(1e-5), Math.log(1e-1)),
 *   layers: Space.uniformint(1, 5),
 *   optimizer: Space.choice([
 *     Space.struct({ name: "adam" }),
 *     Space.struct({ name: "sgd", momentum: Space.uniform(0, 1) })
 *   ])
 * })
 *
 * type Point = Space.Type<typeof space>
 * const point: Point = { rate: 0.01, layers: 2, optimizer: { name: "sgd", momentum: 0.9 } }
 */
export const struct = <const Fields extends Readonly<Record<string, Part>>>(
  fields: Fields
): Space<{ readonly [K in keyof Fields]: Of<Fields[K]> }> =>
  make({
    _tag: "Struct",
    fields: Object.fromEntries(Object.entries(fields).map(([name, part]) => [name, expressionOf(part)]))
  })

/**
 * A point that is a list, each item from a space of its own.
 *
 * @since 0.1.0
 * @category constructors
 */
export const tuple = <const Items extends ReadonlyArray<Part>>(
  ...items: Items
): Space<{ readonly [K in keyof Items]: Of<Items[K]> }> => make({ _tag: "Tuple", items: items.map(expressionOf) })

/**
 * What is the same in every point.
 *
 * @since 0.1.0
 * @category constructors
 */
export const constant = <const A extends string | number | boolean | null>(value: A): Space<A> =>
  make(expressionOf(value))

/**
 * `hp.choice`: one of these, each as likely. An option may be a space, whose parameters then count for this option only.
 *
 * @since 0.1.0
 * @category constructors
 */
export const choice = <const Options extends readonly [Part, ...Array<Part>]>(
  options: Options,
  label?: Labelled
): Space<Of<Options[number]>> => make({ _tag: "Choice", ...labelOf(label), options: options.map(expressionOf) })

/**
 * `hp.pchoice`: one of these, with probabilities that sum to 1.
 *
 * @since 0.1.0
 * @category constructors
 */
export const pchoice = <const Options extends readonly [readonly [number, Part], ...Array<readonly [number, Part]>]>(
  options: Options,
  label?: Labelled
): Space<Of<Options[number][1]>> =>
  make({
    _tag: "PChoice",
    ...labelOf(label),
    options: options.map(([probability, part]) => ({ probability, space: expressionOf(part) }))
  })

/**
 * `hp.randint`: a whole number from `low` on and below `high`. Numbers next to each other are no more alike than others: for
 * random seeds and the like.
 *
 * @since 0.1.0
 * @category constructors
 */
export const randint = (low: number, high: number, label?: Labelled): Space<number> =>
  make({ _tag: "RandInt", ...labelOf(label), low, high })

/**
 * `hp.uniform`: a number between `low` and `high`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const uniform = (low: number, high: number, label?: Labelled): Space<number> =>
  make({ _tag: "Uniform", ...labelOf(label), low, high })

/**
 * `hp.quniform`: a number between `low` and `high`, rounded to a multiple of `q`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const quniform = (low: number, high: number, q: number, label?: Labelled): Space<number> =>
  make({ _tag: "QUniform", ...labelOf(label), low, high, q })

/**
 * `hp.uniformint`: a whole number from `low` to `high`. Both ends are half as likely as what lies between: Hyperopt rounds a
 * number between them.
 *
 * @since 0.1.0
 * @category constructors
 */
export const uniformint = (low: number, high: number, label?: Labelled): Space<number> =>
  make({ _tag: "UniformInt", ...labelOf(label), low, high })

/**
 * `hp.loguniform`: a number whose logarithm is uniform between `low` and `high`, as a learning rate may be.
 *
 * @since 0.1.0
 * @category constructors
 */
export const loguniform = (low: number, high: number, label?: Labelled): Space<number> =>
  make({ _tag: "LogUniform", ...labelOf(label), low, high })

/**
 * `hp.qloguniform`: like `loguniform`, rounded to a multiple of `q`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const qloguniform = (low: number, high: number, q: number, label?: Labelled): Space<number> =>
  make({ _tag: "QLogUniform", ...labelOf(label), low, high, q })

/**
 * `hp.normal`: a number about `mu`, without bounds.
 *
 * @since 0.1.0
 * @category constructors
 */
export const normal = (mu: number, sigma: number, label?: Labelled): Space<number> =>
  make({ _tag: "Normal", ...labelOf(label), mu, sigma })

/**
 * `hp.qnormal`: like `normal`, rounded to a multiple of `q`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const qnormal = (mu: number, sigma: number, q: number, label?: Labelled): Space<number> =>
  make({ _tag: "QNormal", ...labelOf(label), mu, sigma, q })

/**
 * `hp.lognormal`: a positive number whose logarithm is normal.
 *
 * @since 0.1.0
 * @category constructors
 */
export const lognormal = (mu: number, sigma: number, label?: Labelled): Space<number> =>
  make({ _tag: "LogNormal", ...labelOf(label), mu, sigma })

/**
 * `hp.qlognormal`: like `lognormal`, rounded to a multiple of `q`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const qlognormal = (mu: number, sigma: number, q: number, label?: Labelled): Space<number> =>
  make({ _tag: "QLogNormal", ...labelOf(label), mu, sigma, q })

/**
 * The schema of the points of a space.
 *
 * @since 0.1.0
 * @category schemas
 */
export const schema = <A>(self: Space<A>): Schema.Schema<A> =>
  // The expression is the one that `A` was taken from.
  Schema.make<A, A>(SpaceSchema.of(self.expression).ast)
