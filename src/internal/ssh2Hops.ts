/**
 * Chains of jump hosts, as `ssh -v` shows them: the nearest host is reached as its own config says; each further one through
 * those before, whatever its config says of jumps and proxies.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Struct from "effect/Struct"
import type { Host } from "../services/Host.ts"
import type { Ssh, Transport } from "../services/Ssh.ts"
import { ResolvedHost } from "../services/SshConfig.ts"
import type { SshConfigError, SshError } from "../services/SshError.ts"
import * as liveMap from "./liveMap.ts"
import type { Dial } from "./ssh2Transport.ts"

type Failure = SshError | SshConfigError

/**
 * Dials through jump hosts. Connections to them are shared by all that go the same way.
 *
 * @internal
 */
export const make = Effect.fnUntraced(function*(options: {
  readonly resolve: (host: Host) => Effect.Effect<ResolvedHost, SshConfigError>
  readonly connect: Ssh["Type"]["connect"]
  readonly open: (resolved: ResolvedHost, through: Dial) => Effect.Effect<Transport, Failure, Scope.Scope>
}) {
  const { connect, open, resolve } = options
  // By the whole way there: the same host reached in two ways is two connections, and may be two hosts.
  const hops: (way: ReadonlyArray<Host>) => Effect.Effect<Transport, Failure, Scope.Scope> = yield* liveMap.make({
    lookup: (way: ReadonlyArray<Host>) =>
      Effect.flatMap(
        resolve(way[way.length - 1] as Host),
        (resolved) =>
          open(ResolvedHost.make({ ...Struct.omit(resolved, "proxyCommand"), proxyJump: way.slice(0, -1) }), dial)
      ),
    gone: (hop) => hop.lost
  })
  const dial: Dial = (jumps, to) => {
    const [nearest, ...further] = jumps
    if (nearest === undefined) return Effect.dieMessage("no jump host")
    return further.length === 0
      ? Effect.flatMap(connect(nearest), (through) => through.dial(to))
      : Effect.flatMap(hops(Data.array(jumps)), (through) => through.dial(to))
  }

  return dial
})
