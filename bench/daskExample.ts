/** The example of the Python original: square over 0..9, neg over that, the sum of that. */
import * as Effect from "effect/Effect"
import { neg, square, total } from "../src/cli/DemoExample.ts"
import type { DaskClient } from "../src/clusters/DaskClient.ts"

/** What it gives. */
export const expected = -285

export const run = Effect.fn("daskExample.run")(function*(client: DaskClient) {
  const squares = yield* client.map(square, Array.from({ length: 10 }, (_, x) => ({ x })))
  const negated = yield* client.map(neg, squares.map((x) => ({ x })))
  return yield* client.result(yield* client.submit(total, { xs: negated }))
})
