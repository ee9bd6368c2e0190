/**
 * Hyperopt's `fmin` from TypeScript: an objective in Python, a typed space, workers on the hosts of a cluster.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Programs from "../internal/programs.ts"
import * as Replayed from "../internal/replayed.ts"
import * as Progress from "../services/Progress.ts"
import * as fminDriver from "./fminDriver.ts"
import { FminError } from "./FminError.ts"
import * as fminJob from "./fminJob.ts"
import type { Options, Result, Search, SearchError, Target } from "./fminModel.ts"
import * as Trial from "./Trial.ts"

export {
  type Algorithm,
  anneal,
  type EarlyStop,
  noProgressLoss,
  type Options,
  rand,
  type Result,
  type Search,
  type SearchError,
  type SearchOptions,
  type Target,
  tpe
} from "./fminModel.ts"

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
