/**
 * A Dask cluster as seen from TypeScript: calls Python functions there, typed by their schemas.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { Invocation, RemoteProcess } from "../services/SshConnection.ts"
import type { FunctionError } from "../tasks/FunctionError.ts"
import type * as PythonFunction from "../tasks/PythonFunction.ts"
import { named } from "../tasks/RemoteFunction.ts"
import { DaskClientError } from "./DaskClientError.ts"
import * as DaskDriver from "./DaskDriver.ts"
import * as DaskFuture from "./DaskFuture.ts"
import * as DaskInputs from "./daskInputs.ts"

const Versions = Schema.Record({ key: Schema.String, value: Schema.String })

/**
 * A worker of a cluster: `threads` and `memoryLimit` (bytes, 0 for none) are what it was started with, `versions` those of
 * Python and the packages that must agree.
 *
 * @since 0.1.0
 * @category schemas
 */
export class DaskWorker extends Schema.Class<DaskWorker>("lazycluster/DaskWorker")({
  address: Schema.String,
  name: Schema.String,
  threads: Schema.Int,
  memoryLimit: Schema.Number,
  status: Schema.String,
  versions: Versions
}) {}

/**
 * A cluster's scheduler and workers.
 *
 * @since 0.1.0
 * @category schemas
 */
export class DaskInfo extends Schema.Class<DaskInfo>("lazycluster/DaskInfo")({
  scheduler: Schema.Struct({ address: Schema.String, versions: Versions }),
  workers: Schema.Array(DaskWorker)
}) {}

const Holder = Schema.Struct({ address: Schema.String, name: Schema.String })

/**
 * A worker that holds a value.
 *
 * @since 0.1.0
 * @category models
 */
export interface Holder extends Schema.Schema.Type<typeof Holder> {}

/**
 * How to run a function on the cluster.
 *
 * @since 0.1.0
 * @category models
 */
export interface SubmitOptions {
  /** Names or addresses; default: any worker. */
  readonly workers?: ReadonlyArray<string> | undefined
  /** Higher ones go first; default 0. */
  readonly priority?: number | undefined
  /** How often to try again after the function raised; default 0. */
  readonly retries?: number | undefined
}

/**
 * What waits for the cluster fails with this.
 *
 * @since 0.1.0
 * @category errors
 */
export type DaskError = DaskClientError | FunctionError

/**
 * A client of a Dask cluster. Values stay on the cluster until they are asked for. Interrupting `result` or `gather` leaves the
 * task running; `cancel` ends it.
 *
 * @since 0.1.0
 * @category models
 */
export interface DaskClient {
  /** Calls a function on a worker. Arguments are values, futures of them, or arrays of either. */
  readonly submit: <Args, Returns, ArgsEncoded, ReturnsEncoded>(
    self: PythonFunction.PythonFunction<Args, Returns, ArgsEncoded, ReturnsEncoded>,
    args: DaskFuture.Inputs<NoInfer<Args>, NoInfer<ArgsEncoded>>,
    options?: SubmitOptions
  ) => Effect.Effect<DaskFuture.DaskFuture<Returns, ReturnsEncoded>, DaskError>
  /** Calls a function once for each of the arguments, in one request. */
  readonly map: <Args, Returns, ArgsEncoded, ReturnsEncoded>(
    self: PythonFunction.PythonFunction<Args, Returns, ArgsEncoded, ReturnsEncoded>,
    args: ReadonlyArray<DaskFuture.Inputs<NoInfer<Args>, NoInfer<ArgsEncoded>>>,
    options?: SubmitOptions
  ) => Effect.Effect<ReadonlyArray<DaskFuture.DaskFuture<Returns, ReturnsEncoded>>, DaskError>
  /** Waits for a value and brings it here. Fails with what the function raised, also where that was an argument's. */
  readonly result: <A>(future: DaskFuture.DaskFuture<A>) => Effect.Effect<A, DaskError>
  /** Waits for many values, in their order. The first failure ends it. */
  readonly gather: <A>(
    futures: ReadonlyArray<DaskFuture.DaskFuture<A>>
  ) => Effect.Effect<ReadonlyArray<A>, DaskError>
  /** Takes tasks off the cluster; what waits for them fails with `Cancelled`. A function that is running runs to its end. */
  readonly cancel: (
    futures: DaskFuture.DaskFuture<unknown> | ReadonlyArray<DaskFuture.DaskFuture<unknown>>
  ) => Effect.Effect<void, DaskError>
  /** Lets the cluster forget values. Without it they stay until the client's scope closes. */
  readonly release: (
    futures: DaskFuture.DaskFuture<unknown> | ReadonlyArray<DaskFuture.DaskFuture<unknown>>
  ) => Effect.Effect<void, DaskError>
  /** The workers that hold each value; empty while there is none. */
  readonly whoHas: (
    futures: ReadonlyArray<DaskFuture.DaskFuture<unknown>>
  ) => Effect.Effect<ReadonlyArray<ReadonlyArray<Holder>>, DaskError>
  readonly info: Effect.Effect<DaskInfo, DaskError>
  /**
   * Takes workers out of service, by name: their values go to others, what they run is run elsewhere. Fails with `Scheduler`
   * when no other worker can take a value.
   */
  readonly retire: (names: ReadonlyArray<string>, within: Duration.DurationInput) => Effect.Effect<void, DaskError>
  /** How many workers the scheduler would have for its work, so that a queue takes so long (default 5 seconds). */
  readonly wanted: (target?: Duration.DurationInput) => Effect.Effect<number, DaskError>
  /** Waits until so many workers are there. */
  readonly waitForWorkers: (count: number, timeout: Duration.DurationInput) => Effect.Effect<void, DaskError>
}

/**
 * What a client is made of.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Runs the driver's `invocation` in a Python that has `distributed`. */
  readonly process: RemoteProcess
  /** Where the driver runs, for errors; default `manager`. */
  readonly host?: string | undefined
  /** For the connection to the scheduler, and for each request that waits for no function; default 30 seconds. */
  readonly timeout?: Duration.DurationInput | undefined
}

/**
 * The program that `make` speaks to, and its words: start it as a Python program in an environment of the scheduler's
 * versions, where the scheduler's address (`tcp://127.0.0.1:8786`) can be reached.
 *
 * @since 0.1.0
 * @category constructors
 */
export const invocation = (
  scheduler: string,
  timeout: Duration.DurationInput = "30 seconds"
): Effect.Effect<Invocation> => DaskDriver.invocation(scheduler, timeout)

type Futures = DaskFuture.DaskFuture<unknown> | ReadonlyArray<DaskFuture.DaskFuture<unknown>>

const list = (futures: Futures): ReadonlyArray<DaskFuture.DaskFuture<unknown>> =>
  DaskFuture.isDaskFuture(futures) ? [futures] : futures

const keysOf = (futures: ReadonlyArray<DaskFuture.DaskFuture<unknown>>): string =>
  `"keys":${JSON.stringify(futures.map(({ key }) => key))}`

const submitFields = (code: unknown, calls: ReadonlyArray<string>, options: SubmitOptions): string =>
  `"code":${JSON.stringify(code)},"calls":[${calls.join(",")}],"options":${JSON.stringify(options)}`

/**
 * A client over a driver process. It is connected once it is there; closing its scope ends the driver and lets the cluster
 * forget its futures. When the driver or the scheduler goes first, whatever waits fails with a `DaskClientError`.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * import { DaskClient, type TaskTarget } from "lazycluster"
 * import { Effect } from "effect"
 *
 * declare const manager: TaskTarget.TaskTarget
 *
 * const client = Effect.gen(function*() {
 *   const { program, words } = yield* DaskClient.invocation("tcp://127.0.0.1:8786")
 *   const process = yield* manager.python(program, words, { python: "/opt/dask/bin/python" })
 *   return yield* DaskClient.make({ process })
 * })
 */
export const make = (options: Options): Effect.Effect<DaskClient, DaskClientError, Scope.Scope> =>
  Effect.gen(function*() {
    const host = options.host ?? "manager"
    const timeout = options.timeout ?? "30 seconds"
    const driver = yield* DaskDriver.open({ process: options.process, host, timeout })

    const soon = <A, I>(op: string, fields: string, answer: Schema.Schema<A, I>) =>
      driver.request(op, fields, answer).pipe(
        Effect.timeoutFail({
          duration: timeout,
          onTimeout: () =>
            new DaskClientError({
              reason: "Timeout",
              host,
              step: `dask.${op}`,
              detail: `no answer within ${Duration.format(timeout)}`
            })
        })
      )

    const map: DaskClient["map"] = (self, args, submit = {}) =>
      Either.all([named(self), Either.all(args.map((each) => DaskInputs.encode(self, each)))]).pipe(
        Effect.flatMap(([{ code: { file, modules, source }, name }, calls]) =>
          calls.length === 0 ? Effect.succeed([]) : driver.request(
            "submit",
            submitFields({ source, name, file, modules }, calls, submit),
            Schema.Array(Schema.String).pipe(Schema.itemsCount(calls.length))
          )
        ),
        Effect.map((keys) => keys.map((key) => DaskFuture.make(self, key))),
        Effect.withSpan("DaskClient.map")
      )

    return {
      map,
      submit: (self, args, submit) =>
        Effect.flatMap(map(self, [args], submit), ([future]) =>
          // `map` gives one future for each of the arguments.
          future === undefined ? Effect.die("the driver gave no key") : Effect.succeed(future)),
      result: (future) =>
        driver.request("result", `"key":${JSON.stringify(future.key)}`, Schema.String).pipe(
          Effect.flatMap(future.decode),
          Effect.withSpan("DaskClient.result")
        ),
      gather: (futures) =>
        futures.length === 0 ? Effect.succeed([]) : driver.request(
          "gather",
          keysOf(futures),
          Schema.Array(Schema.String).pipe(Schema.itemsCount(futures.length))
        ).pipe(
          Effect.flatMap((texts) => Either.all(futures.map((future, index) => future.decode(texts[index] ?? "")))),
          Effect.withSpan("DaskClient.gather")
        ),
      cancel: (futures) => Effect.asVoid(soon("cancel", keysOf(list(futures)), Schema.Null)),
      release: (futures) => Effect.asVoid(soon("release", keysOf(list(futures)), Schema.Null)),
      whoHas: (futures) =>
        Effect.map(
          soon("who_has", keysOf(futures), Schema.Record({ key: Schema.String, value: Schema.Array(Holder) })),
          (held) => futures.map(({ key }) => held[key] ?? [])
        ),
      info: soon("info", "", DaskInfo),
      retire: (names, within) =>
        names.length === 0 ?
          Effect.void :
          driver.request("retire", `"names":${JSON.stringify(names)}`, Schema.Null).pipe(
            Effect.timeoutFail({
              duration: within,
              onTimeout: () =>
                new DaskClientError({
                  reason: "Timeout",
                  host,
                  step: "dask.retire",
                  detail: `${names.join(", ")} could not hand all on within ${Duration.format(within)}`
                })
            }),
            Effect.asVoid
          ),
      wanted: (target = "5 seconds") => soon("wanted", `"target":${Duration.toSeconds(target)}`, Schema.Int),
      waitForWorkers: (count, within) =>
        Effect.asVoid(
          driver.request("wait_for_workers", `"n":${count},"timeout":${Duration.toSeconds(within)}`, Schema.Null)
        )
    }
  })
