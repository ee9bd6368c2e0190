/**
 * The TCP socket that an SSH connection runs over.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { connect, type Socket } from "node:net"
import type { ResolvedHost } from "../services/SshConfig.ts"
import type { SshError } from "../services/SshError.ts"
import * as bounded from "./bounded.ts"
import { connectError } from "./ssh2Errors.ts"

const families = { any: 0, inet: 4, inet6: 6 } as const

/**
 * Where a host is, to be read by people.
 *
 * @internal
 */
export const placeOf = ({ hostName, port }: Pick<ResolvedHost, "hostName" | "port">): string =>
  hostName.includes(":") ? `[${hostName}]:${port}` : `${hostName}:${port}`

/** What was written still goes out, unless the peer no longer takes it. */
const close = (socket: Socket): Effect.Effect<void> =>
  Effect.async<void>((resume) => {
    if (socket.destroyed) return resume(Effect.void)
    socket.once("close", () => resume(Effect.void))
    return void socket.destroySoon()
  }).pipe(
    (closing) => bounded.within(closing, "300 millis"),
    Effect.zipRight(Effect.sync(() => void socket.destroy()))
  )

/**
 * A socket without Nagle: ssh2 leaves it on, and every command then waits for a delayed acknowledgement.
 *
 * @internal
 */
export const tcp = (resolved: ResolvedHost): Effect.Effect<Socket, SshError, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() =>
      connect({
        host: resolved.hostName,
        port: resolved.port,
        family: families[resolved.addressFamily],
        ...(resolved.bindAddress === undefined ? {} : { localAddress: resolved.bindAddress }),
        noDelay: true
      })
    ),
    (socket) => socket.connecting ? Effect.sync(() => void socket.destroy()) : close(socket)
  ).pipe(Effect.tap((socket) =>
    Effect.async<void, SshError>((resume) => {
      socket.once("connect", () => resume(Effect.void))
      // Stays attached for the life of the socket: an error without a listener ends the process.
      socket.on("error", (cause) => resume(Effect.fail(connectError(resolved.host.alias, placeOf(resolved), cause))))
    })
  ))
