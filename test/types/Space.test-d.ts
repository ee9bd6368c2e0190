import * as Schema from "effect/Schema"
import { describe, expectTypeOf, it } from "vitest"
import * as Fmin from "../../src/clusters/Fmin.ts"
import * as Space from "../../src/clusters/Space.ts"
import * as PythonFunction from "../../src/tasks/PythonFunction.ts"

const space = Space.struct({
  rate: Space.loguniform(-5, 0),
  kind: "svm",
  seed: Space.randint(0, 10),
  optimizer: Space.choice(["sgd", Space.struct({ name: "adam", betas: Space.tuple(Space.uniform(0, 1), true) })]),
  depth: Space.pchoice([[0.5, null], [0.5, Space.uniformint(1, 3)]])
})

interface Point {
  readonly rate: number
  readonly kind: "svm"
  readonly seed: number
  readonly optimizer: "sgd" | { readonly name: "adam"; readonly betas: readonly [number, true] }
  readonly depth: number | null
}

declare const target: Fmin.Target

describe("a space", () => {
  it("has points of its own type", () => {
    expectTypeOf<Space.Type<typeof space>>().toEqualTypeOf<Point>()
    expectTypeOf(Space.schema(space)).toEqualTypeOf<Schema.Schema<Point>>()
    expectTypeOf(Space.constant("a")).toEqualTypeOf<Space.Space<"a">>()
  })
})

describe("an objective", () => {
  const ofPoint = PythonFunction.make({
    source: "def objective(point): return 1",
    args: { point: Space.schema(space) },
    returns: Schema.Struct({ loss: Schema.Number, accuracy: Schema.Number })
  })
  const ofFields = PythonFunction.make({
    source: "def objective(x, y): return 1",
    args: { x: Schema.Number, y: Schema.Int },
    returns: Schema.Number
  })
  const ofText = PythonFunction.make({
    source: "def f(x): return 1",
    args: { x: Schema.String },
    returns: Schema.Number
  })
  const fields = Space.struct({ x: Space.uniform(0, 1), y: Space.uniformint(0, 3) })

  it("takes the point, or its fields", () => {
    expectTypeOf(Fmin.fmin(target, { objective: ofPoint, space }))
      .toEqualTypeOf<
        ReturnType<typeof Fmin.fmin<Point, never, never, { readonly loss: number; readonly accuracy: number }>>
      >()
    Fmin.fmin(target, { objective: ofFields, space: fields, points: [{ x: 1, y: 2 }] })
  })

  it("takes nothing else", () => {
    // @ts-expect-error: the objective takes other points
    Fmin.fmin(target, { objective: ofPoint, space: fields })
    // @ts-expect-error: a number is no text
    Fmin.fmin(target, { objective: ofText, space: Space.uniform(0, 1) })
    // @ts-expect-error: no point of the space
    Fmin.fmin(target, { objective: ofFields, space: fields, points: [{ x: 1 }] })
  })
})
