/**
 * The example of the demo: square, neg and sum in Python, called from TypeScript.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type { DaskClient, DaskError, Holder } from "../clusters/DaskClient.ts"
import * as PythonFunction from "../tasks/PythonFunction.ts"

/** @internal */
export const square = PythonFunction.make({
  source: "def square(x): return x ** 2",
  args: { x: Schema.Number },
  returns: Schema.Number
})

/** @internal */
export const neg = PythonFunction.make({
  source: "def neg(x): return -x",
  args: { x: Schema.Number },
  returns: Schema.Number
})

/** @internal */
export const total = PythonFunction.make({
  source: "def total(xs): return sum(xs)",
  args: { xs: Schema.Array(Schema.Number) },
  returns: Schema.Number
})

/**
 * The result, and how many calls each worker ran, by its name.
 *
 * @since 0.1.0
 * @category models
 */
export interface Example {
  readonly result: number
  readonly calls: ReadonlyArray<
    { readonly worker: string; readonly square: number; readonly neg: number; readonly total: number }
  >
}

const computed = Schedule.spaced("20 millis").pipe(Schedule.upTo("20 seconds"))

const count = (holders: ReadonlyArray<ReadonlyArray<Holder>>, worker: string): number =>
  holders.filter(([first]) => first?.name === worker).length

/**
 * The negated sum of the squares of 0 to 9. Only the sum comes here.
 *
 * @since 0.1.0
 * @category execution
 */
export const run = Effect.fnUntraced(function*(
  client: DaskClient,
  workers: ReadonlyArray<string>
): Effect.fn.Return<Example, DaskError> {
  const squares = yield* client.map(square, Array.from({ length: 10 }, (_, x) => ({ x })))
  const negated = yield* client.map(neg, squares.map((x) => ({ x })))
  // Asked before the sum copies them all to one worker.
  const ran = yield* Effect.repeat(
    Effect.all({ square: client.whoHas(squares), neg: client.whoHas(negated) }),
    { schedule: computed, until: ({ neg, square }) => [...square, ...neg].every((holders) => holders.length > 0) }
  ).pipe(Effect.zipRight(Effect.all({ square: client.whoHas(squares), neg: client.whoHas(negated) })))
  const sum = yield* client.submit(total, { xs: negated })
  const result = yield* client.result(sum)
  const summed = yield* client.whoHas([sum])
  return {
    result,
    calls: workers.map((worker) => ({
      worker,
      square: count(ran.square, worker),
      neg: count(ran.neg, worker),
      total: count(summed, worker)
    }))
  }
})
