/**
 * Whether a process is ready: asked, with a deadline, never slept for and never read from a log.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as httpProbe from "../internal/httpProbe.ts"
import type { Runtime } from "../runtimes/Runtime.ts"
import type { Probe } from "./ClusterPlan.ts"

/** Asked soon at first, then twice a second. */
const asking = Schedule.exponential("50 millis").pipe(Schedule.either(Schedule.spaced("500 millis")))

/**
 * Waits until the probe succeeds once; `said` gets what it last failed with.
 *
 * @since 0.1.0
 * @category execution
 */
export const wait = (
  runtime: Runtime,
  probe: typeof Probe.Type,
  port: number,
  said: (detail: string) => Effect.Effect<void>
): Effect.Effect<void> => {
  const dial = runtime.connection.pipe(
    Effect.flatMap((connection) => connection.dial({ port })),
    Effect.mapError(({ detail, reason }) => ({
      detail: reason === "ForwardRefused" ? `nothing listens on its port ${port}` : detail
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
  return Effect.scoped(once).pipe(
    Effect.timeoutFail({ duration: "5 seconds", onTimeout: () => ({ detail: "no answer within 5 seconds" }) }),
    Effect.tapError(({ detail }) => said(detail)),
    Effect.retry(asking),
    // The schedule has no end: the deadline is the caller's.
    Effect.orDie
  )
}
