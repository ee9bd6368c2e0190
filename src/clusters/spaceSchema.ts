/**
 * The schema of a point, from the space that it is of.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import type { SpaceExpression } from "./SpaceExpression.ts"

/** @internal */
export const of = (space: SpaceExpression): Schema.Schema.AnyNoContext => {
  switch (space._tag) {
    case "Constant":
      return Schema.Literal(space.value)
    case "Struct":
      return Schema.Struct(Object.fromEntries(Object.entries(space.fields).map(([name, field]) => [name, of(field)])))
    case "Tuple":
      return Schema.Tuple(...space.items.map(of))
    case "Choice":
      return Schema.Union(...space.options.map(of))
    case "PChoice":
      return Schema.Union(...space.options.map((option) => of(option.space)))
    case "RandInt":
    case "UniformInt":
      return Schema.Int
    default:
      return Schema.Number
  }
}
