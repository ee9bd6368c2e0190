/**
 * Calls of a Dask client: many at once in requests of a bounded size, one whose interruption takes it off the cluster, and a
 * stream of them with so many in flight.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as PythonFunction from "../tasks/PythonFunction.ts"
import { encodeValue, named } from "../tasks/RemoteFunction.ts"
import type { DaskClient, DaskError, SubmitOptions } from "./DaskClient.ts"
import type { DaskDriver } from "./DaskDriver.ts"
import * as DaskFuture from "./DaskFuture.ts"
import * as DaskInputs from "./daskInputs.ts"

type Futures = ReadonlyArray<DaskFuture.DaskFuture<unknown>>

/** A request carries at most so many calls or keys, and its calls so much text, but for a single larger one. */
const most = 500
const mostText = 1024 * 1024

/** @internal */
export const keysOf = (futures: Futures): string => `"keys":${JSON.stringify(futures.map(({ key }) => key))}`

/** Parts of a list, each of which fits into a request. */
const batches = (calls: ReadonlyArray<string>): ReadonlyArray<ReadonlyArray<string>> => {
  const all: Array<Array<string>> = []
  let text = 0
  for (const call of calls) {
    const last = all.at(-1)
    text += call.length
    if (last === undefined || last.length === most || text > mostText) {
      all.push([call])
      text = call.length
    } else last.push(call)
  }
  return all
}

const chunksOf = <A>(items: ReadonlyArray<A>): ReadonlyArray<ReadonlyArray<A>> =>
  Array.from({ length: Math.ceil(items.length / most) }, (_, at) => items.slice(at * most, (at + 1) * most))

/** @internal */
export interface Calls extends Pick<DaskClient, "submit" | "map" | "call" | "mapStream" | "scatter" | "gather"> {
  /** What nobody here will ask for: told to the driver, whose answer is not awaited. */
  readonly forget: (futures: Futures) => Effect.Effect<void>
}

/** @internal */
export const make = (driver: DaskDriver): Calls => {
  const forget: Calls["forget"] = (futures) =>
    futures.length === 0 ? Effect.void : driver.tell("release", keysOf(futures))

  /** What was submitted is the caller's when it returns, and nobody's when it does not. */
  const submitAll = <Args, Returns, ArgsEncoded, ReturnsEncoded>(
    self: PythonFunction.PythonFunction<Args, Returns, ArgsEncoded, ReturnsEncoded>,
    args: ReadonlyArray<object>,
    options: Omit<SubmitOptions, "key">,
    keyed: ((index: number) => string) | undefined
  ): Effect.Effect<ReadonlyArray<DaskFuture.DaskFuture<Returns, ReturnsEncoded>>, DaskError> =>
    Effect.uninterruptibleMask((restore) =>
      Effect.suspend(() => {
        const made: Array<DaskFuture.DaskFuture<Returns, ReturnsEncoded>> = []
        const encoded = Either.all([named(self), Either.all(args.map((each) => DaskInputs.encode(self, each)))])
        return restore(encoded).pipe(
          Effect.flatMap(([{ code: { file, modules, source }, name }, calls]) => {
            const code = JSON.stringify({ source, name, file, modules })
            return Effect.forEach(batches(calls), (some) => {
              const first = made.length
              const keys = keyed === undefined
                ? ""
                : `,"keys":${JSON.stringify(some.map((_, index) => keyed(first + index)))}`
              const fields = `"code":${code},"calls":[${some.join(",")}],"options":${JSON.stringify(options)}${keys}`
              return Effect.map(
                restore(
                  driver.request("submit", fields, Schema.Array(Schema.String).pipe(Schema.itemsCount(some.length)))
                ),
                (keys) => {
                  for (const key of keys) made.push(DaskFuture.make(self, key))
                }
              )
            }, { discard: true })
          }),
          Effect.as(made),
          Effect.onError(() => forget(made))
        )
      })
    )

  const map: DaskClient["map"] = (self, args, { key, ...options } = {}) => {
    return Effect.withSpan(
      submitAll(self, args, options, key === undefined ? undefined : (index) => `${key}-${index}`),
      "DaskClient.map",
      { attributes: { calls: args.length } }
    )
  }

  const submit: DaskClient["submit"] = (self, args, { key, ...options } = {}) => {
    return Effect.flatMap(
      submitAll(self, [args], options, key === undefined ? undefined : () => key),
      // It gives one future for each of the arguments.
      ([future]) => future === undefined ? Effect.die("the driver gave no key") : Effect.succeed(future)
    )
  }

  const texts = <A>(futures: ReadonlyArray<DaskFuture.DaskFuture<A>>) =>
    driver.request("gather", keysOf(futures), Schema.Array(Schema.String).pipe(Schema.itemsCount(futures.length))).pipe(
      Effect.flatMap((made) => Either.all(futures.map((future, index) => future.decode(made[index] ?? ""))))
    )

  const gather: DaskClient["gather"] = (futures) => {
    if (futures.length === 0) return Effect.succeed([])
    const values = futures.length <= most ? texts(futures) : Effect.zipRight(
      // The first failure ends it, wherever it is; and values come when all are there.
      driver.request("finished", keysOf(futures), Schema.Null),
      Effect.map(Effect.forEach(chunksOf(futures), texts), (all) => all.flat())
    )
    return Effect.withSpan(values, "DaskClient.gather", { attributes: { futures: futures.length } })
  }

  const call: DaskClient["call"] = (self, args, options) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(
        restore(submit(self, args, options)),
        (future) =>
          restore(driver.request("result", `"key":${JSON.stringify(future.key)}`, Schema.String)).pipe(
            Effect.flatMap(future.decode),
            Effect.ensuring(forget([future]))
          )
      )
    ).pipe(Effect.withSpan("DaskClient.call"))

  const mapStream: DaskClient["mapStream"] = <Args, Returns, ArgsEncoded, ReturnsEncoded, E, R>(
    self: PythonFunction.PythonFunction<Args, Returns, ArgsEncoded, ReturnsEncoded>,
    args: Stream.Stream<DaskFuture.Inputs<NoInfer<Args>, NoInfer<ArgsEncoded>>, E, R>,
    { inFlight = 1000, key, ...options }: SubmitOptions & { readonly inFlight?: number | undefined } = {}
  ) =>
    Stream.unwrapScoped(Effect.gen(function*() {
      const held = new Set<DaskFuture.DaskFuture<Returns, ReturnsEncoded>>()
      yield* Effect.addFinalizer(() => Effect.suspend(() => forget([...held])))
      // One batch is submitted and one gathered while the others wait between the two.
      const batch = Math.max(1, Math.min(100, Math.floor(inFlight / 4)))
      const waiting = Math.max(1, Math.floor(inFlight / batch) - 2)
      const keyed = (first: number) => key === undefined ? undefined : (index: number) => `${key}-${first + index}`
      return args.pipe(
        Stream.rechunk(batch),
        Stream.chunks,
        Stream.mapAccum(0, (first, some) => [first + some.length, { first, some }]),
        Stream.mapEffect(({ first, some }) =>
          Effect.uninterruptibleMask((restore) =>
            Effect.tap(
              restore(submitAll(self, [...some], options, keyed(first))),
              (futures) => Effect.sync(() => futures.forEach((future) => held.add(future)))
            )
          )
        ),
        Stream.buffer({ capacity: waiting }),
        Stream.mapEffect((futures) =>
          Effect.zipLeft(
            gather(futures),
            Effect.suspend(() => {
              futures.forEach((future) => held.delete(future))
              return forget(futures)
            })
          )
        ),
        Stream.flattenIterables
      )
    }))

  const scatter: DaskClient["scatter"] = (schema, value, options = {}) => {
    // A value has no function; errors need a name.
    const self = PythonFunction.make({ source: "", name: "scattered", args: {}, returns: schema })
    return Effect.flatMap(encodeValue(self, schema, value, "value"), (text) =>
      driver.request(
        "scatter",
        `"name":"scattered","value":${text},"options":${JSON.stringify(options)}`,
        Schema.String
      )).pipe(Effect.map((key) => DaskFuture.make(self, key)), Effect.withSpan("DaskClient.scatter"))
  }

  return { submit, map, call, mapStream, scatter, gather, forget }
}
