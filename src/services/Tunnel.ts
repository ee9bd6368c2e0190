/**
 * A port of one machine that leads to a port of another, in either direction, over the connections that stand.
 *
 * @since 0.1.0
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Duplex } from "../internal/duplex.ts"
import { join } from "../internal/joinDuplex.ts"
import type { Host } from "./Host.ts"
import type { SshConnection } from "./SshConnection.ts"
import type { SshError } from "./SshError.ts"

/**
 * One end of a tunnel. A Runtime is one.
 *
 * @since 0.1.0
 * @category models
 */
export interface End {
  readonly host: Host
  /** The connection in use; waits while the link is away. */
  readonly connection: Effect.Effect<SshConnection, SshError>
  /** Notes a port that is held on this machine, as long as the scope is open. */
  readonly holdsPort?: ((port: number) => Effect.Effect<void, never, Scope.Scope>) | undefined
}

/**
 * A tunnel: what connects to `port` on `from` reaches `to`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Tunnel {
  readonly from: Host
  readonly port: number
  readonly to: Host
  readonly toPort: number
}

/** Connections at a time through one tunnel; more wait. */
const mostConnections = 512

/** The old listener of a lost link goes when the guardian has ended its sshd: within moments of the take-over. */
const rebinding = Schedule.exponential("50 millis").pipe(
  Schedule.either(Schedule.spaced("2 seconds")),
  Schedule.upTo("60 seconds")
)

/**
 * Opens a tunnel. The listening port is bound when this succeeds, and free when the scope is closed; a lost link is waited
 * for, and the port bound again. Fails with `SshError`: `PortInUse` names the listening host.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fn("Tunnel.make")(function*(options: {
  readonly from: End
  /** 0: any free port, the same one again after a lost link. */
  readonly port: number
  readonly to: End
  readonly toPort: number
}): Effect.fn.Return<Tunnel, SshError, Scope.Scope> {
  const { from, to, toPort } = options
  yield* Effect.annotateCurrentSpan({ from: from.host.alias, to: to.host.alias, port: options.port, toPort })

  /** One that cannot be passed on is closed: its client sees what it would see if nothing listened. */
  const pass = (arrived: Duplex) =>
    to.connection.pipe(
      Effect.flatMap((connection) => connection.dial({ port: toPort })),
      Effect.flatMap((far) => join(arrived, far)),
      Effect.scoped,
      Effect.catchAll((error) => Effect.logDebug(`tunnel: ${error.message}`)),
      Effect.ensuring(Effect.sync(() => arrived.destroy()))
    )

  const bound = yield* Deferred.make<number, SshError>()
  const serve = (port: number): Effect.Effect<void, SshError> =>
    Effect.scoped(Effect.gen(function*() {
      const connection = yield* from.connection
      const listener = yield* connection.listen({ port })
      yield* Deferred.succeed(bound, listener.port)
      yield* Effect.ignore(
        Stream.runDrain(
          Stream.mapEffect(listener.connections, pass, { concurrency: mostConnections, unordered: true })
        )
      )
    }))

  const keep = (port: number) =>
    Effect.forever(Effect.retry(serve(port), rebinding)).pipe(
      Effect.catchAll((error) =>
        Effect.logWarning(`tunnel from ${from.host.alias} to ${to.host.alias}:${toPort}: ${error.message}`)
      )
    )

  yield* serve(options.port).pipe(
    Effect.catchAll((error) => Deferred.fail(bound, error)),
    Effect.zipRight(Deferred.await(bound)),
    Effect.flatMap(keep),
    // A port that cannot be bound at first is told to whoever opens the tunnel.
    Effect.ignore,
    Effect.forkScoped
  )
  const port = yield* Deferred.await(bound)
  if (from.holdsPort !== undefined) yield* from.holdsPort(port)
  return { from: from.host, port, to: to.host, toPort }
})
