/**
 * Ports and Unix sockets of a host in memory: a socket has a file, which stays when nobody listens any more.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type { Address } from "../../services/SshConnection.ts"
import { SshError } from "../../services/SshError.ts"
import type { MemoryHost } from "./memoryHost.ts"
import * as memoryNetwork from "./memoryNetwork.ts"

/**
 * Binds a port, or makes the file of a socket and binds that.
 *
 * @internal
 */
export const bind = (host: MemoryHost, at: Address, owner: string): Effect.Effect<memoryNetwork.Bound, SshError> => {
  const bound = memoryNetwork.bind(host.network, at, host.alias, owner)
  return "path" in at
    ? Effect.zipRight(
      Effect.mapError(host.tree.makeSocket(at.path), ({ detail }) =>
        new SshError({
          reason: /in use/.test(detail) ? "PortInUse" : "ForwardForbidden",
          host: host.alias,
          step: "listen",
          detail
        })),
      bound
    )
    : bound
}

/**
 * Tries again without the file of a socket that nobody listens on: what a program that was killed leaves.
 *
 * @internal
 */
export const replacing = <A>(host: MemoryHost, at: Address, listening: Effect.Effect<A, SshError, Scope.Scope>) =>
  Effect.catchIf(listening, ({ reason }) => reason === "PortInUse", (error) =>
    Effect.gen(function*() {
      const listened = [...host.network.bound].some((bound) => "path" in at && bound.path === at.path)
      if (!("path" in at) || listened) return yield* error
      const there = yield* host.tree.stat(at.path)
      if (!Option.exists(there, ({ type }) => type === "other")) return yield* error
      yield* Effect.mapError(host.tree.removeFile(at.path), () => error)
      return yield* listening
    }))

/**
 * Removes the file as well, as Node does.
 *
 * @internal
 */
export const removed = <A>(host: MemoryHost, at: Address, listening: Effect.Effect<A, SshError, Scope.Scope>) =>
  "path" in at
    ? Effect.zipLeft(listening, Effect.addFinalizer(() => Effect.ignore(host.tree.removeFile(at.path))))
    : listening
