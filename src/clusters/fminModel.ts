/**
 * Searches as data: what one is told, where it runs, what it finds.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import type * as Stream from "effect/Stream"
import type { SshError } from "../services/SshError.ts"
import type { FunctionError } from "../tasks/FunctionError.ts"
import type { PythonFunction } from "../tasks/PythonFunction.ts"
import type { Cluster } from "./Cluster.ts"
import type { ClusterError } from "./ClusterError.ts"
import type { FminError } from "./FminError.ts"
import type { MongoError } from "./MongoError.ts"
import type { Space } from "./Space.ts"
import type * as Trial from "./Trial.ts"

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
