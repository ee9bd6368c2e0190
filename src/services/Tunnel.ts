/**
 * A port or Unix socket of one machine that leads to one of another, in either direction, over the connections that stand.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { Duplex } from "../internal/duplex.ts"
import * as heldListener from "../internal/heldListener.ts"
import { join } from "../internal/joinDuplex.ts"
import type { Observable } from "../internal/observable.ts"
import * as socketPath from "../internal/socketPath.ts"
import type { Host } from "./Host.ts"
import * as Metrics from "./Metrics.ts"
import type { Address, SshConnection } from "./SshConnection.ts"
import { SshError } from "./SshError.ts"

/**
 * One end of a tunnel. A Runtime is one.
 *
 * @since 0.1.0
 * @category models
 */
export interface End {
  readonly host: Host
  /** The connection in use, each time the same value; waits while the link is away, fails when it is given up. */
  readonly connection: Effect.Effect<SshConnection, SshError>
  /**
   * The link. Without one a tunnel knows of a lost link only from what breaks.
   *
   * @internal
   */
  readonly linkState?: Observable<"up" | "away" | "gone"> | undefined
  /** Notes a port that is held on this machine, as long as the scope is open. */
  readonly holdsPort?: ((port: number) => Effect.Effect<void, never, Scope.Scope>) | undefined
}

/**
 * How a tunnel is: it passes connections; it waits for a link or to listen again; it is over, with its scope or because it
 * could not be healed.
 *
 * @since 0.1.0
 * @category models
 */
export type State = Data.TaggedEnum<{
  Open: {}
  Healing: { readonly cause: SshError }
  Closed: { readonly cause?: SshError | undefined }
}>

/**
 * The constructors of `State`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const State = Data.taggedEnum<State>()

/**
 * A tunnel: what connects to `at` on `from` reaches `target` as `to` sees it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Tunnel {
  readonly from: Host
  readonly at: Address
  /** That of `at`; 0 for a Unix socket. */
  readonly port: number
  readonly to: Host
  readonly target: Address
  /** The state now and whenever it changes; ends after `Closed`. */
  readonly states: Stream.Stream<State>
}

/**
 * What a tunnel may be told beside its ends.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** How long it tries to listen again on the connection that an end has; then it is over. Default 1 minute. */
  readonly healWithin?: Duration.DurationInput | undefined
  /** How long a new connection waits for the far end, also while its link is away; then it is closed. Default 30 seconds. */
  readonly connectWithin?: Duration.DurationInput | undefined
}

const late = (to: End, target: Address) =>
  new SshError({
    reason: "Timeout",
    host: to.host.alias,
    step: "dial",
    detail: `${socketPath.render(target)} is not reached in time`,
    hint: "is the link to the host up? `connectWithin` waits longer"
  })

/**
 * Opens a tunnel. It listens when this succeeds; closing the scope frees the port, removes the file of a socket and ends the
 * connections under way. A lost link is waited for, and the same port bound again. Fails with `SshError`: `PortInUse` and
 * `ForwardForbidden` name the listening host.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fn("Tunnel.make")(function*(
  options: Options & {
    readonly from: End
    /** Port 0: any free one, the same again after a lost link. */
    readonly at: Address
    readonly to: End
    readonly target: Address
  }
): Effect.fn.Return<Tunnel, SshError, Scope.Scope> {
  const { at, connectWithin = "30 seconds", from, healWithin = "1 minute", target, to } = options
  yield* Effect.annotateCurrentSpan({
    from: from.host.alias,
    at: socketPath.render(at),
    to: to.host.alias,
    target: socketPath.render(target)
  })

  /** What cannot be passed on is closed then: its client sees what it would see if nothing listened. */
  const pass = (arrived: Duplex) =>
    to.connection.pipe(
      Effect.flatMap((connection) => connection.dial(target)),
      Effect.timeoutFail({ duration: connectWithin, onTimeout: () => late(to, target) }),
      Effect.flatMap((far) => join(arrived, far)),
      Effect.scoped,
      Effect.catchAll((error) => Effect.logDebug(`tunnel: ${error.message}`))
    )

  const { port, states } = yield* heldListener.make({
    from,
    at,
    with: [to],
    what: `tunnel from ${from.host.alias} to ${to.host.alias}`,
    pass,
    healWithin
  })
  yield* Metrics.held(Metrics.tunnelsOpen, from.host.alias)
  return {
    from: from.host,
    at: socketPath.isSocket(at) ? at : { ...at, port },
    port,
    to: to.host,
    target,
    states
  }
})
