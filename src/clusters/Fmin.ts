/**
 * Hyperopt's `fmin` from TypeScript: an objective in Python, a typed space, workers on the hosts of a cluster.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Programs from "../internal/programs.ts"
import * as Replayed from "../internal/replayed.ts"
import * as Progress from "../services/Progress.ts"
import type { SshError } from "../services/SshError.ts"
import type { FunctionError } from "../tasks/FunctionError.ts"
import type { PythonFunction } from "../tasks/PythonFunction.ts"
import type { Cluster } from "./Cluster.ts"
import type { ClusterError } from "./ClusterError.ts"
import * as fminDriver from "./fminDriver.ts"
import { FminError } from "./FminError.ts"
import * as fminJob from "./fminJob.ts"
import type { MongoError } from "./MongoError.ts"
import type { Space } from "./Space.ts"
import * as Trial from "./Trial.ts"

/**
 * How points are suggested: by Parzen estimators (`tpe`), at random, or by annealing.
 *
 * @since 0.1.0
 * @category models
 */
export type Algorithm =
  | {
    readonly _tag: "tpe"
    /** Random points before it models anything; default 20. */
    readonly startup?: number | undefined
    /** Points that it chooses each from; default 24. */
    readonly candidates?: number | undefined
    /** The share of trials that it takes for good ones; default 0.25. */
    readonly gamma?: number | undefined
    /** What the space's own distributions count beside trials; default 1. */
    readonly priorWeight?: number | undefined
  }
  | { readonly _tag: "rand" }
  | {
    readonly _tag: "anneal"
    /** The rank of the trial, on average, that it goes on from; default 2. */
    readonly averageBest?: number | undefined
    /** How fast it closes in; default 0.1. */
    readonly shrink?: number | undefined
  }

/**
 * Tree of Parzen estimators: Hyperopt's own algorithm.
 *
 * @since 0.1.0
 * @category constructors
 */
export const tpe = (options: Omit<Extract<Algorithm, { _tag: "tpe" }>, "_tag"> = {}): Algorithm => ({
  _tag: "tpe",
  ...options
})

/**
 * Random points.
 *
 * @since 0.1.0
 * @category constructors
 */
export const rand: Algorithm = { _tag: "rand" }

/**
 * Points near good ones, nearer as time goes by.
 *
 * @since 0.1.0
 * @category constructors
 */
export const anneal = (options: Omit<Extract<Algorithm, { _tag: "anneal" }>, "_tag"> = {}): Algorithm => ({
  _tag: "anneal",
  ...options
})

/**
 * When a search has gone on for long enough.
 *
 * @since 0.1.0
 * @category models
 */
export interface EarlyStop {
  /** So many trials one after the other brought nothing better. */
  readonly trials: number
  /** Better by no more than that counts as nothing. */
  readonly percent: number
}

/**
 * Ends a search once so many trials, one after the other, brought no loss that is better by more than a percentage.
 *
 * @since 0.1.0
 * @category constructors
 */
export const noProgressLoss = (trials: number, percent = 0): EarlyStop => ({ trials, percent })

/**
 * What a search may be told, beside its objective.
 *
 * @since 0.1.0
 * @category models
 */
export interface SearchOptions<Point> {
  readonly space: Space<Point>
  /** Default `tpe()`. */
  readonly algorithm?: Algorithm | undefined
  /** So many trials in all: those of former searches under the same key count, unless they broke. Default: no bound. */
  readonly maxEvals?: number | undefined
  /** The search ends after so long; what runs then is taken back. */
  readonly timeout?: Duration.DurationInput | undefined
  /** The search ends with a loss that is no higher. */
  readonly lossThreshold?: number | undefined
  readonly earlyStop?: EarlyStop | undefined
  /** Trials that wait for a worker. Default: as many as there are workers. */
  readonly maxQueueLen?: number | undefined
  /** Tried first. */
  readonly points?: ReadonlyArray<NoInfer<Point>> | undefined
  /** The same numbers, drawn at random, in each search. Which worker is quicker still decides what is known when. */
  readonly seed?: number | undefined
  /** The trials of former searches under it count. Default: one of its own, which the result names. */
  readonly expKey?: string | undefined
  /** How long the database may be away, as while it is started again. Default 2 minutes. */
  readonly patience?: Duration.DurationInput | undefined
}

/** The point is its one argument, or its fields are its arguments. */
type Takes<ArgsEncoded, Point> = [Point] extends [ArgsEncoded] ? unknown
  : [Point] extends [ArgsEncoded[keyof ArgsEncoded]] ? unknown
  : "the objective does not take the points of the space"

/**
 * What a search may be told.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options<Point, Args, ArgsEncoded, Returns> extends SearchOptions<Point> {
  /**
   * Takes the point as its one argument, or its fields as arguments by name, and returns a loss, or a dictionary with `loss` and
   * what else is worth knowing; `{"status": "fail"}` for a point that has none. It travels by value, and needs what it imports
   * on the hosts.
   */
  readonly objective: PythonFunction<Args, Returns, ArgsEncoded> & Takes<NoInfer<ArgsEncoded>, NoInfer<Point>>
}

/**
 * Where a search runs: what a Hyperopt cluster has.
 *
 * @since 0.1.0
 * @category models
 */
export interface Target {
  readonly cluster: Cluster
  /** MongoDB's, on the manager's loopback. */
  readonly port: number
  readonly user: string
  readonly password: Redacted.Redacted
  readonly dbName: string
  /** Fails when MongoDB or the cluster cannot go on. */
  readonly lost: Effect.Effect<never, ClusterError | MongoError>
  /** The only key whose trials the workers take, where there is one: the default of `expKey`. */
  readonly expKey?: string | undefined
}

/**
 * What a search has found.
 *
 * @since 0.1.0
 * @category models
 */
export interface Result<Point = unknown, Returns = unknown> {
  /** The point with the least loss. */
  readonly best: Point
  readonly bestLoss: number
  readonly bestTrial: Trial.Trial<Point, Returns>
  /** All that are over, also those of former searches under this key, in the order in which they were suggested. */
  readonly trials: ReadonlyArray<Trial.Trial<Point, Returns>>
  /** What ended it. */
  readonly reason: "MaxEvals" | "Timeout" | "LossThreshold" | "NoProgress" | "Stopped"
  /** Goes on with these trials: `fmin` with this key. */
  readonly expKey: string
}

/**
 * Every error of a search.
 *
 * @since 0.1.0
 * @category errors
 */
export type SearchError = FminError | FunctionError | SshError

/**
 * A search that runs.
 *
 * @since 0.1.0
 * @category models
 */
export interface Search<Point = unknown, Returns = unknown> {
  readonly expKey: string
  /** How many trials of former searches count. */
  readonly earlier: number
  /**
   * Trials as they begin and as they are over, from the first one on; ends with the search. Slow readers hold nobody back and
   * miss nothing.
   */
  readonly trials: Stream.Stream<Trial.Trial<Point, Returns>>
  /** Waits until it is over. */
  readonly result: Effect.Effect<Result<Point, Returns>, FminError>
  /** Ends it: no further trials are made, those that run are taken back. */
  readonly stop: Effect.Effect<void>
}

/** One thread for each driver: what it computes is small. */
const environment = { OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1" }

/** Python imports SciPy first, on a machine that has just started a cluster. */
const beginning = Duration.minutes(2)

/**
 * Begins a search. Closing the scope ends it: no further trials are made, and workers are let off those that run. Fails with
 * `FminError` `Space`, `Objective` or `Options` before anything starts.
 *
 * @since 0.1.0
 * @category constructors
 */
export const start = Effect.fn("Fmin.start")(function*<Point, Args, ArgsEncoded, Returns>(
  target: Target,
  options: Options<Point, Args, ArgsEncoded, Returns>
): Effect.fn.Return<Search<Point, Returns>, SearchError, Scope.Scope> {
  const { cluster: { environment: environmentAt, manager, plan } } = target
  const job = yield* fminJob.make(options.objective, options, target.expKey)
  const host = manager.host.alias
  const workers = (yield* plan).processes.filter(({ role }) => role === "worker").length
  const python = Option.getOrUndefined(yield* environmentAt(host))?.python

  const read = Trial.reader(options.space, options.objective, host)
  const found = new Map<number, Trial.Trial<Point, Returns>>()
  const said = yield* Replayed.make<Trial.Trial<Point, Returns>>()
  yield* Effect.addFinalizer(() => said.end)
  const onTrial = (told: typeof Trial.Told.Type) =>
    Either.match(read(told), {
      onLeft: (detail): Effect.Effect<void, FminError> =>
        new FminError({
          reason: "Space",
          host,
          step: "fmin.trials",
          detail: `${detail}, which the space has not`,
          hint: "give the space that the key was searched with, or another `expKey`"
        }),
      onRight: (trial) => {
        if (Trial.isOver(trial)) found.set(trial.id, trial)
        return said.push(trial)
      }
    })

  const calling = yield* Programs.load("calling", "python")
  const process = yield* manager.python(yield* Programs.load("fmin", "python"), [], { python, env: environment })
  const driver = yield* fminDriver.open({
    process,
    host,
    job: fminJob.text(job, {
      maxQueueLen: options.maxQueueLen ?? Math.max(1, workers),
      calling: calling.source,
      port: target.port,
      name: target.dbName,
      user: target.user,
      password: target.password
    }),
    timeout: beginning,
    onTrial
  })
  yield* Effect.forkScoped(Effect.ensuring(Effect.ignore(driver.over), said.end))

  const lost = Effect.mapError(target.lost, ({ detail, hint, log, reason, step }) =>
    new FminError({
      reason: "Database",
      host,
      step: "fmin.result",
      expKey: driver.expKey,
      detail: `the cluster is lost: ${step}, ${reason}: ${detail}`,
      log,
      hint
    }))
  const result = Effect.gen(function*() {
    const reason = yield* Effect.raceFirst(driver.over, lost)
    const trials = [...found.values()].sort((one, other) => one.id - other.id)
    const best = Trial.best(trials)
    const failed = trials.find((trial) => trial.error !== undefined)
    if (best === undefined) {
      return yield* new FminError({
        reason: failed === undefined ? "NoTrials" : "AllFailed",
        host,
        step: "fmin.result",
        expKey: driver.expKey,
        detail: failed === undefined
          ? `it ended (${reason}) before any trial gave a loss`
          : `no trial of ${trials.filter(({ state }) => state !== "Cancelled").length} gave a loss`,
        trial: failed?.error,
        hint: failed === undefined
          ? "do the workers run? `cluster.status` and their logs tell; or give it longer"
          : "mend the objective; one trial that fails now and then does no harm"
      })
    }
    return { best: best.point, bestLoss: best.loss, bestTrial: best, trials, reason, expKey: driver.expKey }
  })
  return {
    expKey: driver.expKey,
    earlier: driver.earlier,
    trials: said.stream,
    result,
    stop: Effect.zipRight(driver.stop, Effect.ignore(driver.over))
  }
})

const digits = (loss: number): string => Number(loss.toPrecision(6)).toString()

/** The best so far, for people who wait. */
const tell = <Point, Returns>(
  search: Search<Point, Returns>,
  said: Progress.Step["said"],
  maxEvals: number | undefined
) =>
  search.trials.pipe(
    Stream.filter(Trial.isOver),
    Stream.mapAccum(
      { over: 0, failed: 0, best: undefined as number | undefined },
      (before, trial) => {
        const after = {
          over: before.over + (trial.state === "Cancelled" ? 0 : 1),
          failed: before.failed + (trial.state === "Failed" ? 1 : 0),
          best: Trial.hasLoss(trial) ? Math.min(before.best ?? trial.loss, trial.loss) : before.best
        }
        return [after, after]
      }
    ),
    Stream.runForEach(({ best, failed, over }) =>
      said([
        `${over}${maxEvals === undefined ? "" : ` of ${maxEvals}`} trials`,
        ...(failed === 0 ? [] : [`${failed} failed`]),
        ...(best === undefined ? [] : [`best loss ${digits(best)}`])
      ].join(", "))
    )
  )

/**
 * Searches the point of a space with the least loss, on the workers of a Hyperopt cluster. Trials that fail do not end it, unless
 * all do. Interrupting it leaves no trial behind that runs.
 *
 * @since 0.1.0
 * @category execution
 * @example
 * import { Fmin, PythonFunction, Space } from "lazycluster"
 * import { Effect, Schema } from "effect"
 *
 * declare const cluster: Fmin.Target
 *
 * const objective = PythonFunction.make({
 *   source: `
 *     import math
 *     def objective(x):
 *         return math.sin(x)
 *   `,
 *   args: { x: Schema.Number },
 *   returns: Schema.Number
 * })
 *
 * const best = Fmin.fmin(cluster, { objective, space: Space.uniform(-2, 2), maxEvals: 10 }).pipe(
 *   Effect.map(({ best, bestLoss }) => `${bestLoss} at ${best}`)
 * )
 */
export const fmin = Effect.fn("Fmin.fmin")(function*<Point, Args, ArgsEncoded, Returns>(
  target: Target,
  options: Options<Point, Args, ArgsEncoded, Returns>
): Effect.fn.Return<Result<Point, Returns>, SearchError> {
  const found = Effect.flatMap(start(target, options), (search) =>
    Progress.step(
      target.cluster.manager.host.alias,
      `search ${search.expKey}`,
      (said) => Effect.zipRight(tell(search, said, options.maxEvals), search.result)
    ))
  return yield* Effect.scoped(found)
})
