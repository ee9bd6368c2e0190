/**
 * A Dask cluster as seen from TypeScript: calls Python functions there, typed by their schemas.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { Invocation, RemoteProcess } from "../services/SshConnection.ts"
import type { FunctionError } from "../tasks/FunctionError.ts"
import type * as PythonFunction from "../tasks/PythonFunction.ts"
import * as DaskCalls from "./daskCalls.ts"
import { DaskClientError } from "./DaskClientError.ts"
import * as DaskDriver from "./DaskDriver.ts"
import * as DaskFuture from "./DaskFuture.ts"
import * as DaskWatch from "./daskWatch.ts"

const Versions = Schema.Record({ key: Schema.String, value: Schema.String })

/**
 * A worker of a cluster: `threads`, `memoryLimit` (bytes, 0 for none) and `resources` are what it was started with, `versions` those of
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
  resources: Schema.Record({ key: Schema.String, value: Schema.Number }),
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
  /** Names or addresses of workers that are there; default: any worker. */
  readonly workers?: ReadonlyArray<string> | undefined
  /** Higher ones go first; default 0. */
  readonly priority?: number | undefined
  /** How often to try again after the function raised; default 0. */
  readonly retries?: number | undefined
  /** What a worker must have free of its `resources` to run it, as `{ GPU: 1 }`. Default: nothing. */
  readonly resources?: Readonly<Record<string, number>> | undefined
  /** Whether the same function with the same arguments is run only once, as long as its value is held. Default `false`. */
  readonly pure?: boolean | undefined
  /** Its key, for other clients of the scheduler; of `map` with `-0`, `-1` behind it. Default: the function's name and a random one. */
  readonly key?: string | undefined
}

/**
 * A future that has its value, or never will.
 *
 * @since 0.1.0
 * @category models
 */
export interface Completed<A> {
  /** Its place among the futures that were given. */
  readonly index: number
  readonly future: DaskFuture.DaskFuture<A>
  readonly result: Either.Either<A, DaskError>
}

/**
 * How far futures are: `finished` of `total` have a value, `failed` will have none.
 *
 * @since 0.1.0
 * @category models
 */
export interface DaskProgress {
  readonly total: number
  readonly finished: number
  readonly failed: number
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
 * task running, as others may want its value; interrupting `call` or a `mapStream` takes it off the cluster.
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
  /** Calls a function once for each of the arguments, in requests of a bounded size. */
  readonly map: <Args, Returns, ArgsEncoded, ReturnsEncoded>(
    self: PythonFunction.PythonFunction<Args, Returns, ArgsEncoded, ReturnsEncoded>,
    args: ReadonlyArray<DaskFuture.Inputs<NoInfer<Args>, NoInfer<ArgsEncoded>>>,
    options?: SubmitOptions
  ) => Effect.Effect<ReadonlyArray<DaskFuture.DaskFuture<Returns, ReturnsEncoded>>, DaskError>
  /** Calls a function and brings its value here; nothing of it stays on the cluster, and when it is interrupted it is cancelled. */
  readonly call: <Args, Returns, ArgsEncoded, ReturnsEncoded>(
    self: PythonFunction.PythonFunction<Args, Returns, ArgsEncoded, ReturnsEncoded>,
    args: DaskFuture.Inputs<NoInfer<Args>, NoInfer<ArgsEncoded>>,
    options?: SubmitOptions
  ) => Effect.Effect<Returns, DaskError>
  /**
   * Calls a function for each of a stream of arguments and brings the values here in their order. About `inFlight` calls (default
   * 1000) are on the cluster at a time, however many there will be; each is forgotten when its value is here.
   */
  readonly mapStream: <Args, Returns, ArgsEncoded, ReturnsEncoded, E, R>(
    self: PythonFunction.PythonFunction<Args, Returns, ArgsEncoded, ReturnsEncoded>,
    args: Stream.Stream<DaskFuture.Inputs<NoInfer<Args>, NoInfer<ArgsEncoded>>, E, R>,
    options?: SubmitOptions & { readonly inFlight?: number | undefined }
  ) => Stream.Stream<Returns, DaskError | E, R>
  /** Puts a value on a worker, or on all of them (`broadcast`), for calls to take it by its future. */
  readonly scatter: <A, I>(
    schema: Schema.Schema<A, I>,
    value: A,
    options?: { readonly workers?: ReadonlyArray<string> | undefined; readonly broadcast?: boolean | undefined }
  ) => Effect.Effect<DaskFuture.DaskFuture<A, I>, DaskError>
  /** Waits for a value and brings it here. Fails with what the function raised, also where that was an argument's. */
  readonly result: <A>(future: DaskFuture.DaskFuture<A>) => Effect.Effect<A, DaskError>
  /** Waits for many values, in their order. The first failure ends it. */
  readonly gather: <A>(
    futures: ReadonlyArray<DaskFuture.DaskFuture<A>>
  ) => Effect.Effect<ReadonlyArray<A>, DaskError>
  /** Values as they are made, whichever is first; a failure is one of them, and does not end it. */
  readonly asCompleted: <A>(
    futures: ReadonlyArray<DaskFuture.DaskFuture<A>>
  ) => Stream.Stream<Completed<A>, DaskError>
  /** How many have their values, from none to all; no value comes here. */
  readonly progress: (futures: ReadonlyArray<DaskFuture.DaskFuture<unknown>>) => Stream.Stream<DaskProgress, DaskError>
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

    const { forget: _, ...calls } = DaskCalls.make(driver)

    return {
      ...calls,
      ...DaskWatch.make(driver, host),
      result: (future) =>
        driver.request("result", `"key":${JSON.stringify(future.key)}`, Schema.String).pipe(
          Effect.flatMap(future.decode),
          Effect.withSpan("DaskClient.result")
        ),
      cancel: (futures) => Effect.asVoid(soon("cancel", DaskCalls.keysOf(list(futures)), Schema.Null)),
      release: (futures) => Effect.asVoid(soon("release", DaskCalls.keysOf(list(futures)), Schema.Null)),
      whoHas: (futures) =>
        Effect.map(
          soon(
            "who_has",
            DaskCalls.keysOf(futures),
            Schema.Record({ key: Schema.String, value: Schema.Array(Holder) })
          ),
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
