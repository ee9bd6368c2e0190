/**
 * Who runs this program, and on what machine.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { hostname, userInfo } from "node:os"

/**
 * The user as the machine's own user list has it, and the machine's name.
 *
 * @internal
 */
export interface LocalUser {
  readonly name: string
  readonly uid: number
  readonly home: string
  readonly machine: string
}

/**
 * Reads them. A container may run under an id that has no name: OpenSSH refuses there, here it is the id.
 *
 * @internal
 */
export const current: Effect.Effect<LocalUser> = Effect.try(() => userInfo({ encoding: "utf8" })).pipe(
  Effect.orElseSucceed(() => ({ username: undefined, uid: process.getuid?.() ?? -1, homedir: "/" })),
  Effect.map(({ homedir, uid, username }) => ({
    name: username ?? String(uid),
    uid,
    home: homedir,
    machine: hostname()
  }))
)
