import { describe, expectTypeOf, it } from "@effect/vitest"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { Completed, DaskClient, DaskError } from "../../src/clusters/DaskClient.ts"
import type { DaskFuture } from "../../src/clusters/DaskFuture.ts"
import * as PythonFunction from "../../src/tasks/PythonFunction.ts"

const square = PythonFunction.make({ source: "def f(x): ...", args: { x: Schema.Number }, returns: Schema.Number })
const today = PythonFunction.make({ source: "def f(): ...", args: {}, returns: Schema.Date })
const days = PythonFunction.make({
  source: "def f(days, unit='d'): ...",
  args: { days: Schema.Array(Schema.Date), unit: Schema.optional(Schema.Literal("d", "s")) },
  returns: Schema.Number
})

declare const client: DaskClient
declare const n: DaskFuture<number, number>
declare const day: DaskFuture<Date, string>
declare const failing: Stream.Stream<Record<never, never>, "failed", "service">

// Checked by `tsc -p .`: what must not compile is marked, so that it fails when it does.
const checked = () => {
  expectTypeOf(client.submit(square, { x: 1 })).toEqualTypeOf<Effect.Effect<DaskFuture<number, number>, DaskError>>()
  expectTypeOf(client.submit(square, { x: n })).toEqualTypeOf<Effect.Effect<DaskFuture<number, number>, DaskError>>()
  expectTypeOf(client.submit(today, {})).toEqualTypeOf<Effect.Effect<DaskFuture<Date, string>, DaskError>>()
  expectTypeOf(client.result(day)).toEqualTypeOf<Effect.Effect<Date, DaskError>>()
  expectTypeOf(client.gather<number | Date>([n, day])).toEqualTypeOf<
    Effect.Effect<ReadonlyArray<number | Date>, DaskError>
  >()
  expectTypeOf(client.call(today, {})).toEqualTypeOf<Effect.Effect<Date, DaskError>>()
  expectTypeOf(client.scatter(Schema.Date, new Date(0))).toEqualTypeOf<
    Effect.Effect<DaskFuture<Date, string>, DaskError>
  >()
  expectTypeOf(client.asCompleted([day])).toEqualTypeOf<Stream.Stream<Completed<Date>, DaskError>>()
  expectTypeOf(client.mapStream(today, failing)).toEqualTypeOf<Stream.Stream<Date, DaskError | "failed", "service">>()
  client.mapStream(square, Stream.make({ x: 1 }, { x: n }))
  client.call(days, { days: [day] }, { pure: true, resources: { GPU: 1 } })
  // @ts-expect-error an argument of another type
  client.mapStream(square, Stream.make({ x: "1" }))
  // @ts-expect-error a value of another type
  client.scatter(Schema.Date, 1)
  client.submit(days, { days: [new Date(0), day] })
  client.submit(days, { days: [day], unit: "d" })
  client.map(square, [{ x: 1 }, { x: n }])
  // @ts-expect-error an argument of another type
  client.submit(square, { x: "1" })
  // @ts-expect-error an argument is missing
  client.submit(square, {})
  // @ts-expect-error an argument that the function does not have
  client.submit(square, { x: 1, y: 2 })
  // @ts-expect-error a future of another type
  client.submit(square, { x: day })
  // @ts-expect-error a future whose Python value is a number, where the function takes text
  client.submit(days, { days: [n] })
  // @ts-expect-error an item of another type
  client.submit(days, { days: [1] })
  PythonFunction.make({
    source: "",
    // @ts-expect-error schemas that need services have no place here
    args: { x: Schema.Number as Schema.Schema<number, number, "service"> },
    returns: Schema.Number
  })
}

describe("the types of a Dask client", () => {
  it("are checked by the compiler", () => {
    expectTypeOf(checked).toBeFunction()
  })
})
