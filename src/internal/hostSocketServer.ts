/**
 * A server that listens on a host and runs here.
 *
 * @since 0.1.0
 */
import * as Socket from "@effect/platform/Socket"
import * as SocketServer from "@effect/platform/SocketServer"
import type * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Ref from "effect/Ref"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Address } from "../services/SshConnection.ts"
import type { End } from "../services/Tunnel.ts"
import type { Duplex } from "./duplex.ts"
import * as duplexSocket from "./duplexSocket.ts"
import * as heldListener from "./heldListener.ts"
import * as socketPath from "./socketPath.ts"

interface Arrived {
  readonly duplex: Duplex
  readonly handled: Deferred.Deferred<void>
}

/** As Effect's own servers do. */
const reportUnhandled = <E>(cause: Cause.Cause<E>) =>
  Effect.flatMap(
    FiberRef.get(FiberRef.unhandledErrorLogLevel),
    Option.match({
      onNone: () => Effect.void,
      onSome: (level) => Effect.logWithLevel(level, "a handler of a SocketServer failed", cause)
    })
  )

/** A connection is what it is: a second `run` finds it closed. */
const socketOf = (duplex: Duplex) =>
  Effect.map(Ref.make(false), (used) =>
    duplexSocket.make(
      Effect.flatMap(Ref.getAndSet(used, true), (before): Effect.Effect<Duplex, Socket.SocketError> =>
        before || duplex.closed
          ? Effect.fail(new Socket.SocketCloseError({ reason: "Close", code: 1000 }))
          : Effect.succeed(duplex))
    ))

/**
 * What arrives before `run` waits. A server that cannot listen any more fails its `run`.
 *
 * @internal
 */
export const make = Effect.fnUntraced(function*(
  runtime: End,
  at: Address,
  healWithin: Duration.DurationInput
): Effect.fn.Return<SocketServer.SocketServer["Type"], SocketServer.SocketServerError, Scope.Scope> {
  const arrivals = yield* Effect.acquireRelease(Queue.unbounded<Arrived>(), Queue.shutdown)
  const { port, states } = yield* heldListener.make({
    from: runtime,
    at,
    with: [],
    what: `the server on ${socketPath.render(at)} of ${runtime.host.alias}`,
    // The listener bounds how many there are.
    pass: (duplex) =>
      Effect.flatMap(Deferred.make<void>(), (handled) => {
        // It may break before anybody listens.
        duplex.on("error", () => undefined)
        return Effect.zipRight(Queue.offer(arrivals, { duplex, handled }), Deferred.await(handled))
      }),
    healWithin
  }).pipe(Effect.mapError((cause) => new SocketServer.SocketServerError({ reason: "Open", cause })))

  const over = states.pipe(
    Stream.runLast,
    Effect.flatMap((last) =>
      new SocketServer.SocketServerError({
        reason: "Unknown",
        cause: Option.match(last, {
          onNone: () => undefined,
          onSome: (state) => state._tag === "Open" ? undefined : state.cause
        })
      })
    )
  )

  const run = <R, E, _>(handler: (socket: Socket.Socket) => Effect.Effect<_, E, R>) =>
    Queue.take(arrivals).pipe(
      Effect.flatMap(({ duplex, handled }) =>
        socketOf(duplex).pipe(
          Effect.flatMap(handler),
          Effect.catchAllCause(reportUnhandled),
          Effect.ensuring(Deferred.succeed(handled, undefined)),
          Effect.fork
        )
      ),
      Effect.forever,
      Effect.raceFirst(over)
    )

  return {
    address: socketPath.isSocket(at)
      ? { _tag: "UnixAddress", path: at.path }
      : { _tag: "TcpAddress", hostname: at.address ?? "127.0.0.1", port },
    run
  }
})
