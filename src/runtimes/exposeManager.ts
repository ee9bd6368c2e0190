/**
 * The manager as an end of tunnels: no guardian and no directory, for nothing runs there.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as programs from "../internal/programs.ts"
import * as pulled from "../internal/pulled.ts"
import * as Host from "../services/Host.ts"
import { Ssh } from "../services/Ssh.ts"
import type { SshError } from "../services/SshError.ts"
import type { Member } from "./exposeRoutes.ts"

/**
 * The machine that runs this program. Paths of its sockets are absolute.
 *
 * @internal
 */
export const member: Effect.Effect<Member, SshError, Ssh | Scope.Scope> = Effect.gen(function*() {
  const ssh = yield* Ssh
  // It is in no ssh config.
  const connection = yield* Effect.catchTag(ssh.connect(Host.manager), "SshConfigError", (error) => Effect.die(error))
  const said = yield* Effect.scoped(Effect.gen(function*() {
    const process = yield* connection.exec({ program: yield* programs.load("network", "sh"), words: [] })
    return yield* pulled.text(process.stdout)
  }))
  const [bootId = "", network = ""] = said.split("\n")
  return {
    host: Host.manager,
    connection: Effect.succeed(connection),
    facts: { bootId, network },
    resolve: (path) => path
  }
})
