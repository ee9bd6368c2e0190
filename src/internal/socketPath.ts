/**
 * Which paths a Unix socket may have.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { Address, SocketAddress } from "../services/SshConnection.ts"
import { SshError } from "../services/SshError.ts"

/** `sun_path` of Linux without its last NUL. Other systems take less, and say so. */
const longest = 107

/**
 * Whether an address is that of a Unix socket.
 *
 * @internal
 */
export const isSocket = (address: Address): address is SocketAddress => "path" in address

/**
 * An address as people read it.
 *
 * @internal
 */
export const render = (address: Address): string =>
  isSocket(address) ? address.path : `${address.address ?? "127.0.0.1"}:${address.port}`

/**
 * Refuses a path that no system takes, or each by its own rules.
 *
 * @internal
 */
export const check = (host: string, step: string, { path }: SocketAddress): Effect.Effect<void, SshError> => {
  const bytes = new TextEncoder().encode(path).length
  const wrong = !path.startsWith("/") || path.endsWith("/")
    ? "is no absolute path of a file"
    : /[\0\n]/.test(path)
    ? "holds a NUL or a newline"
    : bytes > longest
    ? `has ${bytes} bytes, and the path of a socket at most ${longest}`
    : undefined
  return wrong === undefined ? Effect.void : new SshError({
    reason: "ForwardForbidden",
    host,
    step,
    detail: `${JSON.stringify(path)} ${wrong}`,
    hint: "give the socket a short absolute path"
  })
}
