/**
 * A socket to an address as a host sees it.
 *
 * @since 0.1.0
 */
import * as Socket from "@effect/platform/Socket"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Address } from "../services/SshConnection.ts"
import { SshError } from "../services/SshError.ts"
import type { End } from "../services/Tunnel.ts"
import type { Duplex } from "./duplex.ts"
import * as duplexSocket from "./duplexSocket.ts"
import * as socketPath from "./socketPath.ts"

/** Between one lost link and the next. */
const pause = "50 millis"

const late = (host: string, to: Address) =>
  new Socket.SocketGenericError({
    reason: "OpenTimeout",
    cause: new SshError({
      reason: "Timeout",
      host,
      step: "dial",
      detail: `${socketPath.render(to)} is not reached in time`,
      hint: "is the link to the host up? `openTimeout` waits longer"
    })
  })

/** A runtime may give a connection that is lost until it knows of that. */
const dial = (runtime: End, to: Address): Effect.Effect<Duplex, SshError, Scope.Scope> =>
  Effect.flatMap(
    runtime.connection,
    (connection) =>
      Effect.catchIf(connection.dial(to), ({ reason }) =>
        reason === "LinkLost", () =>
        Effect.delay(dial(runtime, to), pause))
  )

/** @internal */
export const make = (runtime: End, to: Address, openTimeout: Duration.DurationInput): Socket.Socket =>
  duplexSocket.make(
    dial(runtime, to).pipe(
      Effect.mapError((cause) => new Socket.SocketGenericError({ reason: "Open", cause })),
      Effect.timeoutFail({ duration: openTimeout, onTimeout: () => late(runtime.host.alias, to) })
    )
  )
