/**
 * What the manager and programs/environment.py say to each other: JSON, a message a line.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import * as WheelStore from "./WheelStore.ts"

/**
 * What the program says.
 *
 * @internal
 */
export const Message = Schema.parseJson(Schema.Union(
  Schema.Struct({ step: Schema.Literal("waiting", "making", "installing", "checking"), detail: Schema.String }),
  Schema.Struct({
    ask: Schema.Literal("wheels"),
    ...WheelStore.WheelRequest.fields,
    /** The last lines of the host's own try, when there was one. */
    refused: Schema.Array(Schema.String)
  }),
  Schema.Struct({ ask: Schema.Literal("send"), missing: Schema.Array(Schema.String) }),
  Schema.Struct({
    done: Schema.Struct({
      directory: Schema.String,
      python: Schema.String,
      pythonVersion: Schema.String,
      versions: Schema.Record({ key: Schema.String, value: Schema.String }),
      size: Schema.Number,
      made: Schema.Boolean
    })
  }),
  WheelStore.Failed
))

/**
 * The answer to `ask: "wheels"`.
 *
 * @internal
 */
export const Wheels = Schema.parseJson(Schema.Struct({ wheels: Schema.Array(WheelStore.Wheel) }))

/**
 * The program's only word.
 *
 * @internal
 */
export const Request = Schema.parseJson(Schema.Struct({
  mode: Schema.Literal("provision", "existing"),
  pins: Schema.Array(Schema.Struct({
    name: Schema.String,
    version: Schema.String,
    line: Schema.String,
    marker: Schema.String
  })),
  python: Schema.Array(Schema.Tuple(Schema.String, Schema.Array(Schema.Int))),
  directory: Schema.String,
  cache: Schema.String,
  wheels: Schema.Literal("auto", "always", "never"),
  musl: Schema.NullOr(Schema.Int),
  deadline: Schema.Number,
  lockDeadline: Schema.Number
}))
