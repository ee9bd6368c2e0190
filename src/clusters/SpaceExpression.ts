/**
 * A search space as plain data: what travels to the driver, which builds Hyperopt's own expression of it.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/** Default: the path of the parameter in the point. */
const label = Schema.optionalWith(Schema.String, { exact: true })
const bounds = { label, low: Schema.Number, high: Schema.Number }
const bell = { label, mu: Schema.Number, sigma: Schema.Number }
const step = { q: Schema.Number }

/**
 * A parameter that is a number, drawn from a distribution.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Distribution = Schema.Union(
  Schema.TaggedStruct("RandInt", bounds),
  Schema.TaggedStruct("Uniform", bounds),
  Schema.TaggedStruct("QUniform", { ...bounds, ...step }),
  Schema.TaggedStruct("UniformInt", bounds),
  Schema.TaggedStruct("LogUniform", bounds),
  Schema.TaggedStruct("QLogUniform", { ...bounds, ...step }),
  Schema.TaggedStruct("Normal", bell),
  Schema.TaggedStruct("QNormal", { ...bell, ...step }),
  Schema.TaggedStruct("LogNormal", bell),
  Schema.TaggedStruct("QLogNormal", { ...bell, ...step })
)

/** @since 0.1.0 @category models */
export type Distribution = typeof Distribution.Type

/**
 * What is the same in every point.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Constant = Schema.TaggedStruct("Constant", {
  value: Schema.Union(Schema.String, Schema.Number, Schema.Boolean, Schema.Null)
})

/**
 * A part of a space that has parts.
 *
 * @since 0.1.0
 * @category models
 */
export type Composite =
  | { readonly _tag: "Struct"; readonly fields: { readonly [name: string]: SpaceExpression } }
  | { readonly _tag: "Tuple"; readonly items: ReadonlyArray<SpaceExpression> }
  | { readonly _tag: "Choice"; readonly label?: string; readonly options: ReadonlyArray<SpaceExpression> }
  | {
    readonly _tag: "PChoice"
    readonly label?: string
    readonly options: ReadonlyArray<{ readonly probability: number; readonly space: SpaceExpression }>
  }

/**
 * A space, or a part of one.
 *
 * @since 0.1.0
 * @category models
 */
export type SpaceExpression = Distribution | typeof Constant.Type | Composite

const inner = Schema.suspend((): Schema.Schema<SpaceExpression> => SpaceExpression)

/**
 * A space as JSON.
 *
 * @since 0.1.0
 * @category schemas
 */
export const SpaceExpression: Schema.Schema<SpaceExpression> = Schema.Union(
  Distribution,
  Constant,
  Schema.TaggedStruct("Struct", { fields: Schema.Record({ key: Schema.String, value: inner }) }),
  Schema.TaggedStruct("Tuple", { items: Schema.Array(inner) }),
  Schema.TaggedStruct("Choice", { label, options: Schema.Array(inner) }),
  Schema.TaggedStruct("PChoice", {
    label,
    options: Schema.Array(Schema.Struct({ probability: Schema.Number, space: inner }))
  })
)
