/**
 * Points of a space for searches in memory: drawn from its distributions, whatever the algorithm.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import type { Distribution, SpaceExpression } from "../../clusters/SpaceExpression.ts"

/** What Hyperopt keeps of a point: a number for each parameter that counts, the index of what was chosen among them. */
type Assignment = Readonly<Record<string, number>>

const rounded = (value: number, space: Distribution): number =>
  "q" in space ? Math.round(value / space.q) * space.q : value

/** Box and Muller's. */
const normal = Effect.map(
  Effect.all([Random.next, Random.next]),
  ([one, other]) => Math.sqrt(-2 * Math.log(1 - one)) * Math.cos(2 * Math.PI * other)
)

const number = (space: Distribution): Effect.Effect<number> => {
  switch (space._tag) {
    case "RandInt":
      return Random.nextIntBetween(space.low, space.high)
    case "UniformInt":
      return Random.nextIntBetween(space.low, space.high + 1)
    case "Uniform":
    case "QUniform":
      return Effect.map(Random.nextRange(space.low, space.high), (value) => rounded(value, space))
    case "LogUniform":
    case "QLogUniform":
      return Effect.map(Random.nextRange(space.low, space.high), (value) => rounded(Math.exp(value), space))
    case "Normal":
    case "QNormal":
      return Effect.map(normal, (value) => rounded(space.mu + space.sigma * value, space))
    case "LogNormal":
    case "QLogNormal":
      return Effect.map(normal, (value) => rounded(Math.exp(space.mu + space.sigma * value), space))
  }
}

const together = (parts: ReadonlyArray<Effect.Effect<Assignment>>): Effect.Effect<Assignment> =>
  Effect.map(Effect.all(parts), (all) => Object.assign({}, ...all))

/** A point, drawn at random. */
export const draw = (space: SpaceExpression): Effect.Effect<Assignment> => {
  switch (space._tag) {
    case "Constant":
      return Effect.succeed({})
    case "Struct":
      return together(Object.values(space.fields).map(draw))
    case "Tuple":
      return together(space.items.map(draw))
    case "Choice":
      return Effect.flatMap(Random.nextIntBetween(0, space.options.length), (index) => chosen(space, index))
    case "PChoice":
      return Effect.flatMap(Random.next, (at) => {
        let below = 0
        const index = space.options.findIndex(({ probability }) => at < (below += probability))
        return chosen(space, index < 0 ? space.options.length - 1 : index)
      })
    default:
      return Effect.map(number(space), (value) => ({ [space.label ?? ""]: value }))
  }
}

type Choice = Extract<SpaceExpression, { readonly _tag: "Choice" | "PChoice" }>

const optionOf = (space: Choice, index: number): SpaceExpression =>
  (space._tag === "Choice" ? space.options[index] : space.options[index]?.space) ?? { _tag: "Constant", value: null }

const chosen = (space: Choice, index: number): Effect.Effect<Assignment> =>
  Effect.map(draw(optionOf(space, index)), (inner) => ({ [space.label ?? ""]: index, ...inner }))

/** What the objective gets. */
export const point = (space: SpaceExpression, assignment: Assignment): unknown => {
  switch (space._tag) {
    case "Constant":
      return space.value
    case "Struct":
      return Object.fromEntries(Object.entries(space.fields).map(([name, field]) => [name, point(field, assignment)]))
    case "Tuple":
      return space.items.map((item) => point(item, assignment))
    case "Choice":
    case "PChoice":
      return point(optionOf(space, assignment[space.label ?? ""] ?? 0), assignment)
    default:
      return assignment[space.label ?? ""] ?? 0
  }
}
