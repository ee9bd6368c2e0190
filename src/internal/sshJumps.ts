/**
 * The jump hosts on the way to a host, whatever speaks to them.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { Host } from "../services/Host.ts"
import type { ResolvedHost } from "../services/SshConfig.ts"
import { SshConfigError } from "../services/SshError.ts"

/**
 * A jump host as it was asked for.
 *
 * @internal
 */
export const nameOf = ({ alias, port, user }: Host): string =>
  `${user === undefined ? "" : `${user}@`}${alias}${port === undefined ? "" : `:${port}`}`

/**
 * What stands between us and a host.
 *
 * @internal
 */
export const wayOf = (resolved: ResolvedHost): string | undefined =>
  resolved.proxyJump.length > 0 ? resolved.proxyJump.map(nameOf).join(", ") : resolved.proxyCommand

/**
 * What a host is called, and what is known of it where our own reading of the config understood all.
 *
 * @internal
 */
export interface Named {
  readonly host: Host
  readonly resolved: ResolvedHost | undefined
}

/**
 * All hosts to go through, the nearest first. What the config says of jumps counts for the nearest, and for those before it.
 * Fails when they go in a circle: each would wait for the other.
 *
 * @internal
 */
export const jumpsTo = (
  resolved: ResolvedHost,
  resolve: (host: Host) => Effect.Effect<ResolvedHost, SshConfigError>,
  before: ReadonlyArray<string> = [nameOf(resolved.host)]
): Effect.Effect<ReadonlyArray<Named>, SshConfigError> =>
  Effect.gen(function*() {
    const [nearest, ...further] = resolved.proxyJump
    if (nearest === undefined) return []
    const names = [...before, nameOf(nearest)]
    if (before.includes(nameOf(nearest))) {
      return yield* new SshConfigError({
        reason: "Syntax",
        host: resolved.host.alias,
        detail: `ProxyJump goes in a circle: ${names.join(", ")}`,
        hint: "one of them must be reached without the others: set ProxyJump none for it"
      })
    }
    const named = (host: Host): Effect.Effect<Named, SshConfigError> =>
      resolve(host).pipe(
        Effect.map((resolved): Named => ({ host, resolved })),
        Effect.catchIf(({ reason }) => reason === "Unsupported", () =>
          Effect.succeed<Named>({ host, resolved: undefined }))
      )
    const first = yield* named(nearest)
    const beyond = first.resolved === undefined ? [] : yield* jumpsTo(first.resolved, resolve, names)
    return [...beyond, first, ...yield* Effect.forEach(further, named)]
  })
