/**
 * The first connection to a host: its key is shown and asked about, and what it asks is passed on.
 *
 * @since 0.1.0
 */
import type * as Prompt from "@effect/cli/Prompt"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as platform from "../internal/platform.ts"
import type * as AuthQuestion from "../services/AuthQuestion.ts"
import * as Host from "../services/Host.ts"
import * as KnownHosts from "../services/KnownHosts.ts"
import { Ssh } from "../services/Ssh.ts"
import type { SshConnection } from "../services/SshConnection.ts"
import type { SshConfigError, SshError } from "../services/SshError.ts"
import * as Question from "./Question.ts"
import * as View from "./View.ts"

/** Jump hosts show keys of their own. */
const mostKeys = 8

const shown = ({ fingerprint, keyType, name, port }: NonNullable<SshError["hostKey"]>): string =>
  `${KnownHosts.named(name, port)} shows the host key ${keyType} ${fingerprint}`

/**
 * Connects; who connects in the same scope gets the same connection. A key that is not known is asked about where somebody can answer, and then written down: that key, and no
 * other that the host may show later.
 *
 * @since 0.1.0
 * @category execution
 */
export const meet = (
  name: string,
  keys = mostKeys
): Effect.Effect<
  SshConnection,
  SshError | SshConfigError,
  Ssh | Scope.Scope | View.View | Prompt.Prompt.Environment
> =>
  Effect.flatMap(Ssh, (ssh) => ssh.connect(Host.make({ alias: name }))).pipe(
    Effect.catchIf(
      (error): error is SshError => error._tag === "SshError" && error.hostKey !== undefined && keys > 0,
      (error) =>
        Effect.gen(function*() {
          const { hostKey } = error
          if (hostKey === undefined || !(yield* Question.possible)) return yield* error
          yield* View.note(shown(hostKey))
          if (!(yield* Question.confirm("Is that the right one? Ask whoever runs the host if in doubt."))) {
            return yield* error
          }
          yield* Effect.provide(KnownHosts.trust(hostKey), platform.layer)
          return yield* meet(name, keys - 1)
        })
    )
  )

/** Most prompts name the user and the host; those that do not get their names. */
const named = (place: string, user: string, text: string): string => text.includes(user) ? text : `${place}: ${text}`

/**
 * Passes on what hosts and keys ask, of the kinds that are wanted. `undefined` where nobody can answer.
 *
 * @since 0.1.0
 * @category constructors
 */
export const answers = (
  kinds: ReadonlyArray<AuthQuestion.AuthQuestion["kind"]>
): Effect.Effect<AuthQuestion.Ask | undefined, never, Prompt.Prompt.Environment | View.View> =>
  Effect.gen(function*() {
    const context = yield* Effect.context<Prompt.Prompt.Environment | View.View>()
    if (!(yield* Question.possible)) return undefined
    return ({ host, kind, prompts, user }) =>
      kinds.includes(kind)
        ? Effect.asSome(
          Effect.forEach(
            prompts,
            ({ text }) => Question.secret(named(`${user}@${host.alias}`, user, text.replace(/:\s*$/, "")))
          )
        ).pipe(Effect.provide(context))
        : Effect.succeedNone
  })
