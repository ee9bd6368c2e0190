/**
 * Whether a process is ready: asked, with a deadline, never slept for and never read from a log.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schedule from "effect/Schedule"
import * as httpProbe from "../internal/httpProbe.ts"
import type { Runtime } from "../runtimes/Runtime.ts"
import type { TcpAddress } from "../services/SshConnection.ts"
import type { Health, Probe } from "./ClusterPlan.ts"

const silence = "nothing listens on its port"

/**
 * Whether a probe has said that nobody answers there at all.
 *
 * @internal
 */
export const isSilent = (detail: string): boolean => detail.startsWith(silence)

/** Asked soon at first, then twice a second. */
const asking = Schedule.exponential("50 millis").pipe(Schedule.either(Schedule.spaced("500 millis")))

/**
 * Asks once; fails with what the probe says.
 *
 * @since 0.1.0
 * @category execution
 */
export const ask = (
  runtime: Runtime,
  probe: typeof Probe.Type,
  at: TcpAddress,
  within: Duration.DurationInput = "5 seconds"
): Effect.Effect<void, { readonly detail: string }> => {
  const dial = runtime.connection.pipe(
    Effect.flatMap((connection) => connection.dial(at)),
    Effect.mapError(({ detail, reason }) => ({
      detail: reason === "ForwardRefused" ? `${silence} ${at.port}` : detail
    }))
  )
  const once = probe._tag === "Tcp"
    ? Effect.asVoid(dial)
    : Effect.flatMap(dial, (stream) => httpProbe.get(stream, probe.path)).pipe(
      Effect.filterOrFail(
        ({ status, text }) => status === 200 && text.includes(probe.contains ?? ""),
        ({ status }) => ({ detail: `GET ${probe.path} answers ${status}` })
      ),
      Effect.asVoid
    )
  return Effect.timeoutFail(Effect.scoped(once), {
    duration: within,
    onTimeout: () => ({ detail: `no answer within ${Duration.format(within)}` })
  })
}

/**
 * Waits until the probe succeeds once; `said` gets what it last failed with.
 *
 * @since 0.1.0
 * @category execution
 */
export const wait = (
  runtime: Runtime,
  probe: typeof Probe.Type,
  at: TcpAddress,
  said: (detail: string) => Effect.Effect<void>
): Effect.Effect<void> =>
  ask(runtime, probe, at).pipe(
    Effect.tapError(({ detail }) => said(detail)),
    Effect.retry(asking),
    // The schedule has no end: the deadline is the caller's.
    Effect.orDie
  )

/**
 * Asks from time to time, and gives what the probe said when it failed so often in a row. While the link is away nobody knows
 * how the process is: that counts for nothing.
 *
 * @since 0.1.0
 * @category execution
 */
export const unhealthy = (
  runtime: Runtime,
  health: typeof Health.Type,
  at: TcpAddress,
  isUp: Effect.Effect<boolean>
): Effect.Effect<string> =>
  Effect.gen(function*() {
    let failures = 0
    while (true) {
      yield* Effect.sleep(Duration.seconds(health.every))
      const asked = yield* Effect.either(
        Effect.if(isUp, { onTrue: () => ask(runtime, health.probe, at, "10 seconds"), onFalse: () => Effect.void })
      )
      failures = Either.isRight(asked) ? 0 : (yield* isUp) ? failures + 1 : failures
      if (Either.isLeft(asked) && failures >= health.failures) return asked.left.detail
    }
  })
