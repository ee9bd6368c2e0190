/**
 * A question before something that cannot be taken back.
 *
 * @since 0.1.0
 */
import * as Prompt from "@effect/cli/Prompt"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as standardInput from "../internal/standardInput.ts"
import { Invocation, UsageError } from "./Invocation.ts"
import * as View from "./View.ts"

/**
 * Whether somebody sits at the other end of standard input. Tests say so here.
 *
 * @since 0.1.0
 * @category tags
 */
export class Listener extends Context.Reference<Listener>()("lazycluster/Listener", {
  defaultValue: (): Effect.Effect<boolean> => standardInput.isTerminal
}) {}

/**
 * Fails with `UsageError` where nobody can be asked, and under `--json`: `--yes` says it beforehand. For the beginning of a
 * command, before it connects to anything.
 *
 * @since 0.1.0
 * @category guards
 */
export const possible = (command: string): Effect.Effect<void, UsageError, View.View> =>
  Effect.gen(function*() {
    const { json } = yield* Invocation
    const view = yield* View.View
    const hears = yield* Listener
    if (!json && view.live && (yield* hears)) return
    return yield* new UsageError({
      detail: `lazycluster ${command} would ask, and ${json ? "--json is for programs" : "there is no terminal"}`,
      hint: "--yes does it without asking, --dry-run shows what it would do"
    })
  })

/**
 * Asks on the terminal; Ctrl-C means no.
 *
 * @since 0.1.0
 * @category execution
 */
export const ask = (question: string): Effect.Effect<boolean, never, Prompt.Prompt.Environment | View.View> =>
  Effect.flatMap(
    View.View,
    (view) => view.still(Effect.orElseSucceed(Prompt.run(Prompt.confirm({ message: question })), () => false))
  )
