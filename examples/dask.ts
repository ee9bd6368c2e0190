/**
 * The example of the Python original: squares, negated, summed, on a Dask cluster of every host that the ssh config names.
 *
 *     npx tsx examples/dask.ts
 */
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Schema } from "effect"
import { DaskCluster, Lazycluster, PythonFunction, RuntimeManager } from "lazycluster"

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

const program = Effect.gen(function*() {
  const group = yield* RuntimeManager.createGroup()
  const { client } = yield* DaskCluster.make(group)
  const squares = yield* client.map(square, Array.from({ length: 10 }, (_, x) => ({ x })))
  const negated = yield* client.map(neg, squares.map((x) => ({ x })))
  const sum = yield* client.submit(total, { xs: negated })
  yield* Console.log(`Result: ${yield* client.result(sum)}`) // Result: -285
})

program.pipe(Effect.scoped, Effect.provide(Lazycluster.layer), NodeRuntime.runMain)
