import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as Schema from "effect/Schema"
import type { FminError } from "../../src/clusters/FminError.ts"
import * as Space from "../../src/clusters/Space.ts"
import * as spaceCheck from "../../src/clusters/spaceCheck.ts"
import { SpaceExpression } from "../../src/clusters/SpaceExpression.ts"

const faults = (space: Space.Space<unknown>): string =>
  Either.match(spaceCheck.check(space.expression), {
    onLeft: ({ detail, reason, step }: FminError) => {
      assert.deepStrictEqual({ reason, step }, { reason: "Space", step: "fmin.space" })
      return detail
    },
    onRight: () => ""
  })

const labelled = (space: Space.Space<unknown>): SpaceExpression => Either.getOrThrow(spaceCheck.check(space.expression))

const nested = Space.struct({
  rate: Space.loguniform(-5, 0),
  "a.b": Space.uniform(0, 1),
  optimizer: Space.choice([
    "sgd",
    Space.struct({
      name: "adam",
      betas: Space.tuple(Space.uniform(0.8, 1), Space.quniform(0, 10, 5, { label: "beta2" }))
    })
  ]),
  depth: Space.pchoice([[0.25, 1], [0.75, Space.uniformint(2, 5)]])
})

describe("a space as data", () => {
  it("goes through JSON, and comes back the same", () => {
    const Json = Schema.parseJson(SpaceExpression)
    const text = Schema.encodeSync(Json)(nested.expression)
    assert.deepStrictEqual(Schema.decodeSync(Json)(text), nested.expression)
    assert.deepStrictEqual(JSON.parse(JSON.stringify(nested)), { _id: "Space", ...JSON.parse(text) })
  })

  it("labels each parameter with the path of its keys", () => {
    const labels = [...JSON.stringify(labelled(nested)).matchAll(/"label":"([^"]*)"/g)].map(([, label]) => label)
    assert.deepStrictEqual(labels.sort(), [
      "a_b",
      "beta2",
      "depth",
      "depth/1",
      "optimizer",
      "optimizer/1/betas/0",
      "rate"
    ])
    assert.deepStrictEqual(labelled(Space.uniform(-2, 2)), { _tag: "Uniform", label: "value", low: -2, high: 2 })
  })
})

describe("a space that cannot be searched", () => {
  const refused: ReadonlyArray<readonly [Space.Space<unknown>, string]> = [
    [Space.uniform(2, 2), "value: low (2) is not below high (2)"],
    [Space.struct({ x: Space.loguniform(1, 0) }), "x: low (1) is not below high (0)"],
    [Space.loguniform(0, 1000), "value: e to 1000 is more than a number holds; low and high are logarithms"],
    [Space.qloguniform(0, 1, 0), "value: q (0) is not above 0"],
    [Space.quniform(0, 1, -1), "value: q (-1) is not above 0"],
    [Space.normal(0, 0), "value: sigma (0) is not above 0"],
    [Space.qlognormal(0, -1, 1), "value: sigma (-1) is not above 0"],
    [Space.lognormal(Number.NaN, 1), "value: mu is NaN"],
    [Space.uniform(0, Number.POSITIVE_INFINITY), "value: high is Infinity"],
    [Space.randint(0, 1.5), "value: low (0) and high (1.5) are not both whole numbers"],
    [Space.uniformint(0.5, 2), "value: low (0.5) and high (2) are not both whole numbers"],
    [Space.pchoice([[0.5, 1], [0.4, 2]]), "value: the probabilities sum to 0.9, not to 1"],
    [Space.pchoice([[1.5, 1], [-0.5, 2]]), "value: 1.5 is no probability; value: -0.5 is no probability"],
    [Space.struct({ x: "always" }), "it has no parameter: every point is the same"],
    [
      Space.struct({ x: Space.uniform(0, 1, { label: "y" }), y: Space.uniform(0, 1) }),
      "two parameters have the label y"
    ],
    [
      Space.uniform(0, 1, { label: "$x" }),
      "the label \"$x\" is empty, begins with $, or holds a dot: MongoDB takes no such name"
    ]
  ]

  it.each(refused)("is refused with what is wrong: case %#", (space, detail) => {
    assert.strictEqual(faults(space), detail)
  })

  it("is refused for every fault at once", () => {
    const space = Space.struct({ a: Space.uniform(1, 0), b: Space.choice([Space.normal(0, -1)]) })
    assert.strictEqual(faults(space), "a: low (1) is not below high (0); b/0: sigma (-1) is not above 0")
  })
})

describe("a point that is given", () => {
  const of = (space: Space.Space<unknown>, point: unknown) =>
    Either.mapLeft(spaceCheck.assignment(labelled(space), point, 0), ({ detail }) => detail)

  it("becomes what Hyperopt keeps of it: numbers, and the index of what was chosen", () => {
    const point: Space.Type<typeof nested> = {
      rate: 0.5,
      "a.b": 1,
      optimizer: { name: "adam", betas: [0.9, 5] },
      depth: 3
    }
    assert.deepStrictEqual(
      of(nested, point),
      Either.right({ rate: 0.5, a_b: 1, optimizer: 1, "optimizer/1/betas/0": 0.9, beta2: 5, depth: 1, "depth/1": 3 })
    )
    assert.deepStrictEqual(
      of(nested, { ...point, optimizer: "sgd", depth: 1 }),
      Either.right({ rate: 0.5, a_b: 1, optimizer: 0, depth: 0 })
    )
  })

  const refused: ReadonlyArray<readonly [Space.Space<unknown>, unknown, string]> = [
    [Space.uniform(0, 1), 2, "points[0]: 2 is not between 0 and 1"],
    [Space.uniform(0, 1), "a", "points[0] is no number"],
    [Space.loguniform(0, 1), 0.5, "points[0]: 0.5 is not between 1 and 2.718281828459045"],
    [Space.randint(0, 3), 3, "points[0]: 3 is no whole number from 0 on and below 3"],
    [Space.uniformint(0, 3), 1.5, "points[0]: 1.5 is no whole number"],
    [Space.lognormal(0, 1), 0, "points[0]: 0 is not above 0"],
    [Space.struct({ x: Space.uniform(0, 1) }), {}, "points[0].x is missing"],
    [Space.struct({ x: Space.uniform(0, 1) }), { x: 0, y: 1 }, "points[0] has y, which the space has not"],
    [Space.tuple(Space.uniform(0, 1)), [], "points[0] is no list of 1"],
    [
      Space.choice(["a", "b"]),
      "c",
      "points[0] is none of the options: points[0] is \"c\", not \"a\", points[0] is \"c\", not \"b\""
    ]
  ]

  it.each(refused)("is refused outside of its space: case %#", (space, point, detail) => {
    assert.deepStrictEqual(of(space, point), Either.left(detail))
  })

  it("is taken wherever the schema of the space takes it and it is within bounds", () => {
    FastCheck.assert(
      FastCheck.property(
        FastCheck.double({ min: 0, max: 1, noNaN: true }),
        FastCheck.integer({ min: 2, max: 5 }),
        (x, depth) => {
          const point = { rate: Math.exp(x - 1), "a.b": x, optimizer: "sgd", depth }
          assert.isTrue(Schema.is(Space.schema(nested))(point))
          assert.isTrue(Either.isRight(of(nested, point)))
        }
      ),
      { numRuns: 50 }
    )
  })
})
