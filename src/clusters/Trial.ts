/**
 * A trial of a search: one point, and what the objective made of it.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { fromReport, type FunctionError, FunctionReport } from "../tasks/FunctionError.ts"
import type { PythonFunction } from "../tasks/PythonFunction.ts"
import { decodeResult } from "../tasks/RemoteFunction.ts"
import type { Space } from "./Space.ts"
import { schema } from "./Space.ts"

/**
 * How far a trial is. `Failed` is one whose objective raised, `Cancelled` one that was taken back when the search ended.
 *
 * @since 0.1.0
 * @category schemas
 */
export const TrialState = Schema.Literal("Running", "Done", "Failed", "Cancelled")

/** @since 0.1.0 @category models */
export type TrialState = typeof TrialState.Type

/**
 * A trial.
 *
 * @since 0.1.0
 * @category models
 */
export interface Trial<out Point = unknown, out Returns = unknown> {
  /** Hyperopt's `tid`. */
  readonly id: number
  readonly state: TrialState
  readonly point: Point
  /** Missing while it runs, and where the objective gave no finite one. */
  readonly loss?: number | undefined
  /** What the objective says of it: `ok`, or `fail` for a point that has no loss. */
  readonly status?: string | undefined
  /** What the objective returned, with all that it added to the loss. */
  readonly returned?: Returns | undefined
  /** The worker and its process: `lazycluster/worker-1@host-1:4711`. */
  readonly owner?: string | undefined
  /** The host of its worker. */
  readonly host?: string | undefined
  /** When a worker took it. */
  readonly bookTime?: DateTime.Utc | undefined
  /** When its worker was heard of last. */
  readonly refreshTime?: DateTime.Utc | undefined
  /** What the objective raised. */
  readonly error?: FunctionError | undefined
}

/**
 * As the driver tells it.
 *
 * @internal
 */
export const Told = Schema.Struct({
  id: Schema.Int,
  state: TrialState,
  point: Schema.Unknown,
  owner: Schema.NullOr(Schema.String),
  bookTime: Schema.NullOr(Schema.Number),
  refreshTime: Schema.NullOr(Schema.Number),
  loss: Schema.optionalWith(Schema.NullOr(Schema.Number), { exact: true }),
  status: Schema.optionalWith(Schema.String, { exact: true }),
  result: Schema.optionalWith(Schema.Unknown, { exact: true }),
  error: Schema.optionalWith(FunctionReport, { exact: true })
})

/** Workers of Hyperopt's own have no more than the name of their machine. */
const hostOf = (owner: string | null): string | undefined => /^(?:.*@)?(.+):\d+$/.exec(owner ?? "")?.[1]

const time = (milliseconds: number | null) => milliseconds === null ? undefined : DateTime.unsafeMake(milliseconds)

/**
 * Reads trials of a space and an objective. A point that is none of the space, as another program may have tried under the same
 * key, is told as text.
 *
 * @internal
 */
export const reader = <Point, Returns>(
  space: Space<Point>,
  objective: PythonFunction<never, Returns>,
  host: string
): (told: typeof Told.Type) => Either.Either<Trial<Point, Returns>, string> => {
  const decodePoint = Schema.decodeUnknownEither(schema(space))
  /** The whole result where it is one, else the loss alone: Hyperopt makes a result of a number. */
  const returnedOf = ({ loss, result }: typeof Told.Type): Either.Either<Returns | undefined, FunctionError> =>
    typeof loss !== "number"
      ? Either.right(Either.getOrUndefined(decodeResult(objective, JSON.stringify(result ?? null), host)))
      : Either.orElse(
        decodeResult(objective, JSON.stringify(loss), host),
        () => decodeResult(objective, JSON.stringify(result ?? null), host)
      )
  return (told) =>
    Either.mapBoth(decodePoint(told.point), {
      onLeft: () => `trial ${told.id} has the point ${JSON.stringify(told.point)?.slice(0, 200) ?? ""}`,
      onRight: (point) => {
        const returned = told.state === "Done" ? returnedOf(told) : Either.right(undefined)
        const error = told.error === undefined
          ? Either.isLeft(returned) ? returned.left : undefined
          : fromReport(told.error, { host: hostOf(told.owner) ?? host, step: `trial ${told.id}`, language: "Python" })
        return {
          id: told.id,
          state: error === undefined ? told.state : "Failed",
          point,
          loss: error === undefined ? told.loss ?? undefined : undefined,
          status: told.status,
          returned: Either.getOrUndefined(returned),
          owner: told.owner ?? undefined,
          host: hostOf(told.owner),
          bookTime: time(told.bookTime),
          refreshTime: time(told.refreshTime),
          error
        }
      }
    })
}

/**
 * Whether a trial is over.
 *
 * @since 0.1.0
 * @category guards
 */
export const isOver = ({ state }: Trial): boolean => state !== "Running"

/**
 * Whether a trial gave a loss that counts.
 *
 * @since 0.1.0
 * @category guards
 */
export const hasLoss = <T extends Trial>(self: T): self is T & { readonly loss: number } =>
  self.state === "Done" && self.status === "ok" && self.loss !== undefined

/**
 * The trial with the least loss.
 *
 * @since 0.1.0
 * @category combinators
 */
export const best = <T extends Trial>(trials: Iterable<T>): (T & { readonly loss: number }) | undefined => {
  let found: (T & { readonly loss: number }) | undefined
  for (const trial of trials) {
    if (hasLoss(trial) && (found === undefined || trial.loss < found.loss)) found = trial
  }
  return found
}
