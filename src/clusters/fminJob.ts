/**
 * What the driver is told, from the options of a search: all that can be refused is refused here, before anything starts.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import type { FunctionError } from "../tasks/FunctionError.ts"
import type { PythonFunction } from "../tasks/PythonFunction.ts"
import { named } from "../tasks/RemoteFunction.ts"
import { FminError } from "./FminError.ts"
import type { Algorithm, SearchOptions } from "./fminModel.ts"
import * as spaceCheck from "./spaceCheck.ts"
import type { SpaceExpression } from "./SpaceExpression.ts"

const parametersOf = (objective: Pick<PythonFunction<never, unknown>, "args">): ReadonlyArray<string> => {
  const { ast } = Schema.encodedSchema(objective.args)
  return SchemaAST.isTypeLiteral(ast) ? ast.propertySignatures.map(({ name }) => String(name)) : []
}

/** The parameter that takes the point; the empty text where the fields of the point are the parameters. */
const argumentOf = (
  objective: Pick<PythonFunction<never, unknown>, "args" | "name">,
  space: SpaceExpression
): Either.Either<string, FminError> => {
  const parameters = parametersOf(objective)
  const fields = space._tag === "Struct" ? Object.keys(space.fields) : undefined
  if (
    fields !== undefined && fields.length === parameters.length && fields.every((name) => parameters.includes(name))
  ) {
    return Either.right("")
  }
  const [only, ...others] = parameters
  if (only !== undefined && others.length === 0) return Either.right(only)
  return Either.left(
    new FminError({
      reason: "Objective",
      step: "fmin.objective",
      detail: `${objective.name} takes ${parameters.join(", ") || "nothing"}` +
        (fields === undefined ? "" : `; the points have ${fields.join(", ")}`),
      hint: "give it one argument, which is the point, or one for each field of the space"
    })
  )
}

const optionsOf = <Point>(
  options: SearchOptions<Point>,
  workersKey: string | undefined
): Either.Either<void, FminError> => {
  const { earlyStop, expKey, lossThreshold, maxEvals, maxQueueLen, seed, timeout } = options
  const positive = (value: number | undefined) => value === undefined || (Number.isSafeInteger(value) && value > 0)
  const faults = [
    ...(positive(maxEvals) ? [] : [`maxEvals is ${maxEvals}`]),
    ...(positive(maxQueueLen) ? [] : [`maxQueueLen is ${maxQueueLen}`]),
    ...(earlyStop === undefined || positive(earlyStop.trials) ? [] : [`earlyStop is after ${earlyStop.trials} trials`]),
    ...(earlyStop === undefined || earlyStop.percent >= 0 ? [] : [`earlyStop is at ${earlyStop.percent} %`]),
    ...(seed === undefined || (Number.isSafeInteger(seed) && seed >= 0) ? [] : [`seed is ${seed}`]),
    ...(lossThreshold === undefined || Number.isFinite(lossThreshold) ? [] : [`lossThreshold is ${lossThreshold}`]),
    ...(timeout === undefined || Duration.greaterThan(timeout, 0) ? [] : ["timeout is 0"]),
    ...(expKey === "" ? ["expKey is empty"] : []),
    ...(expKey === undefined || workersKey === undefined || expKey === workersKey
      ? []
      : [`expKey is ${expKey}, and the workers take trials of ${workersKey} only`])
  ]
  return faults.length === 0
    ? Either.void
    : Either.left(
      new FminError({
        reason: "Options",
        step: "fmin.options",
        detail: faults.join("; "),
        hint: "give whole numbers above 0; `seed` may be 0; leave an option out for its default"
      })
    )
}

/** As Hyperopt's own functions take them. */
const algorithmOf = (algorithm: Algorithm): Readonly<Record<string, unknown>> => {
  switch (algorithm._tag) {
    case "tpe":
      return {
        _tag: "tpe",
        n_startup_jobs: algorithm.startup,
        n_EI_candidates: algorithm.candidates,
        gamma: algorithm.gamma,
        prior_weight: algorithm.priorWeight
      }
    case "anneal":
      return { _tag: "anneal", avg_best_idx: algorithm.averageBest, shrink_coef: algorithm.shrink }
    case "rand":
      return { _tag: "rand" }
  }
}

type Job = Readonly<Record<string, unknown>>

/**
 * The line that the driver gets. It holds the password.
 *
 * @internal
 */
export const text = (job: Job, more: {
  readonly maxQueueLen: number
  /** The source of `calling.py`. */
  readonly calling: string
  readonly port: number
  readonly name: string
  readonly user: string
  readonly password: Redacted.Redacted
}): string => {
  const { calling, maxQueueLen, name, password, port, user } = more
  const database = { port, name, user, password: Redacted.value(password) }
  return JSON.stringify({ ...job, maxQueueLen, calling, database })
}

/**
 * The job but for its database.
 *
 * @internal
 */
export const make = <Point>(
  objective: PythonFunction<never, unknown>,
  options: SearchOptions<Point>,
  workersKey: string | undefined
): Either.Either<Job, FminError | FunctionError> =>
  Either.gen(function*() {
    const { algorithm, earlyStop, points = [], timeout } = options
    yield* optionsOf(options, workersKey)
    const { code: { file, modules, source }, name } = yield* named(objective)
    const space = yield* spaceCheck.check(options.space.expression)
    const argument = yield* argumentOf(objective, space)
    const given = yield* Either.all(points.map((point, index) => spaceCheck.assignment(space, point, index)))
    return {
      expKey: options.expKey ?? workersKey ?? null,
      space,
      code: { source, name, file, modules },
      argument,
      algorithm: algorithmOf(algorithm ?? { _tag: "tpe" }),
      maxEvals: options.maxEvals ?? Number.MAX_SAFE_INTEGER,
      timeout: timeout === undefined ? null : Duration.toSeconds(timeout),
      lossThreshold: options.lossThreshold ?? null,
      noProgress: earlyStop?.trials ?? null,
      percentIncrease: earlyStop?.percent ?? 0,
      points: given,
      seed: options.seed ?? null,
      patience: Duration.toSeconds(options.patience ?? "2 minutes")
    }
  })
