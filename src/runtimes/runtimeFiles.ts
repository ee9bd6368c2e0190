/**
 * The files of a runtime: one session a link.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Scope from "effect/Scope"
import type { Files, SshConnection } from "../services/SshConnection.ts"
import type { SshError } from "../services/SshError.ts"

/**
 * Opened at first use, again after the link was lost, and open until the scope closes.
 *
 * @internal
 */
export const make = (
  connection: Effect.Effect<SshConnection, SshError>
): Effect.Effect<Effect.Effect<Files, SshError>, never, Scope.Scope> =>
  Effect.all([
    Effect.scope,
    Ref.make(Option.none<{ readonly over: SshConnection; readonly files: Files }>()),
    Effect.makeSemaphore(1)
  ]).pipe(Effect.map(([scope, opened, opening]) =>
    opening.withPermits(1)(Effect.gen(function*() {
      const over = yield* connection
      const held = yield* Ref.get(opened)
      if (Option.isSome(held) && held.value.over === over) return held.value.files
      const files = yield* Scope.extend(over.files, scope)
      yield* Ref.set(opened, Option.some({ over, files }))
      return files
    }))
  ))
