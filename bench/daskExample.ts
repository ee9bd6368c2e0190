/** The example of the Python original: square over 0..9, neg over that, the sum of that. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { DaskClient } from "../src/clusters/DaskClient.ts"
import * as PythonFunction from "../src/tasks/PythonFunction.ts"

const square = PythonFunction.make({
  source: "def square(x): return x ** 2",
  args: { x: Schema.Number },
  returns: Schema.Number
})

const neg = PythonFunction.make({
  source: "def neg(x): return -x",
  args: { x: Schema.Number },
  returns: Schema.Number
})

const total = PythonFunction.make({
  source: "def total(xs): return sum(xs)",
  args: { xs: Schema.Array(Schema.Number) },
  returns: Schema.Number
})

/** What it gives. */
export const expected = -285

export const run = Effect.fn("daskExample.run")(function*(client: DaskClient) {
  const squares = yield* client.map(square, Array.from({ length: 10 }, (_, x) => ({ x })))
  const negated = yield* client.map(neg, squares.map((x) => ({ x })))
  return yield* client.result(yield* client.submit(total, { xs: negated }))
})
