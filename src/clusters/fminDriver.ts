/**
 * The link to `programs/fmin.py`, which runs Hyperopt's algorithms: newline-delimited JSON both ways.
 *
 * @since 0.1.0
 */
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { within } from "../internal/bounded.ts"
import * as LogTail from "../internal/logTail.ts"
import * as messageLines from "../internal/messageLines.ts"
import { withoutControl } from "../internal/outputText.ts"
import type { RemoteProcess } from "../services/SshConnection.ts"
import * as driverEnd from "./driverEnd.ts"
import { FminError } from "./FminError.ts"
import { Told } from "./Trial.ts"

/**
 * What ended a search.
 *
 * @internal
 */
export const Reason = Schema.Literal("MaxEvals", "Timeout", "LossThreshold", "NoProgress", "Stopped")

const Ready = Schema.Struct({
  event: Schema.Literal("ready"),
  version: Schema.Literal(1),
  expKey: Schema.String,
  earlier: Schema.Int
})

const Said = Schema.parseJson(Schema.Union(
  Ready,
  Schema.Struct({ event: Schema.Literal("trial"), ...Told.fields }),
  Schema.Struct({ event: Schema.Literal("over"), reason: Reason }),
  Schema.Struct({
    event: Schema.Literal("failed"),
    kind: Schema.Literal("Environment", "Database", "Driver"),
    detail: Schema.String
  })
))

const decodeSaid = Schema.decodeUnknownEither(Said)

/** A trial with what its objective returned. */
const longestLine = 16 * 1024 * 1024

const hints = {
  Environment: "the driver needs the packages of the cluster: hyperopt 0.3.0 and pymongo below 4",
  Database: "the log of mongod tells whether it runs; the search can go on under its expKey",
  Driver: "the driver's log is above; the search can go on under its expKey"
} as const

/** Longer than the driver needs to take trials back. */
const farewell = "10 seconds"

/**
 * The link.
 *
 * @internal
 */
export interface FminDriver {
  readonly expKey: string
  /** How many trials of a former search count. */
  readonly earlier: number
  /** Why the search is over; fails when it broke. */
  readonly over: Effect.Effect<typeof Reason.Type, FminError>
  /** Ends the search. */
  readonly stop: Effect.Effect<void>
}

/**
 * Gives the driver its job, and waits until it has the database. Closing the scope ends the search: trials that are not over are
 * taken back first.
 *
 * @internal
 */
export const open = (options: {
  readonly process: RemoteProcess
  readonly host: string
  /** JSON on one line. It may hold a secret. */
  readonly job: string
  readonly timeout: Duration.DurationInput
  readonly onTrial: (told: typeof Told.Type) => Effect.Effect<void, FminError>
}): Effect.Effect<FminDriver, FminError, Scope.Scope> =>
  Effect.gen(function*() {
    const { host, onTrial, process } = options
    const ready = yield* Deferred.make<typeof Ready.Type, FminError>()
    const over = yield* Deferred.make<typeof Reason.Type, FminError>()
    const ended = yield* Deferred.make<void>()
    const tail = LogTail.make()
    let expKey: string | undefined

    const error = (reason: FminError["reason"], step: string, detail: string, hint?: string): FminError =>
      new FminError({ reason, host, step: `fmin.${step}`, detail, expKey, log: tail.lines(), hint })

    const receive = (line: string): Effect.Effect<void, FminError> => {
      const said = decodeSaid(line)
      if (Either.isLeft(said)) {
        return error("Protocol", "read", `the driver said ${withoutControl(line.slice(0, 200))}`)
      }
      const message = said.right
      switch (message.event) {
        case "ready":
          expKey = message.expKey
          return Effect.asVoid(Deferred.succeed(ready, message))
        case "trial":
          return onTrial(message)
        case "over":
          return Effect.asVoid(Deferred.succeed(over, message.reason))
        case "failed":
          return error(
            message.kind === "Driver" ? "DriverLost" : message.kind,
            "driver",
            message.detail,
            hints[message.kind]
          )
      }
    }

    const exit = yield* driverEnd.watch(process, tail)
    const lost = Effect.gen(function*() {
      const how = Option.match(yield* exit, {
        onNone: () => "and closed its output",
        onSome: (end) => typeof end === "string" ? end : end.message
      })
      return yield* error("DriverLost", "driver", `the driver ended ${how}`, hints.Driver)
    })

    yield* process.stdout.pipe(
      messageLines.split(longestLine),
      Stream.runForEach(receive),
      Effect.catchTags({
        SshError: () => Effect.void,
        LineTooLong: ({ limit }) => error("Protocol", "read", `the driver said a line of more than ${limit} bytes`)
      }),
      // Where it is over already, nothing comes of it.
      Effect.zipRight(Effect.unlessEffect(lost, Deferred.isDone(over))),
      Effect.catchAll((cause) => Effect.zipRight(Deferred.fail(ready, cause), Deferred.fail(over, cause))),
      Effect.ensuring(Deferred.succeed(ended, undefined)),
      Effect.forkScoped
    )

    // After the fibers, so before them when the scope closes.
    yield* Effect.addFinalizer(() => Effect.zipRight(process.endInput, within(Deferred.await(ended), farewell)))

    const begin = Effect.zipRight(Effect.ignore(process.write(`${options.job}\n`)), Deferred.await(ready))
    const { earlier, expKey: key } = yield* begin.pipe(
      Effect.timeoutFail({
        duration: options.timeout,
        onTimeout: () => error("Database", "connect", "the driver has not begun in time", hints.Database)
      })
    )
    return {
      expKey: key,
      earlier,
      over: Deferred.await(over),
      stop: Effect.ignore(process.write(`{"op":"stop"}\n`))
    }
  })
