/**
 * Who holds a port that could not be bound.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { SshConnection } from "../services/SshConnection.ts"
import { SshError } from "../services/SshError.ts"
import { withoutControl } from "./outputText.ts"
import * as programs from "./programs.ts"

/** A host that takes longer is not waited for: the error is clear without. */
const soon = "5 seconds"

/** More than a name of a process has. */
const longest = 64

const ask = (connection: SshConnection, port: number) =>
  Effect.gen(function*() {
    const process = yield* connection.exec({ program: yield* programs.load("holder", "sh"), words: [String(port)] })
    const said = yield* process.stdout.pipe(
      Stream.decodeText(),
      Stream.runFoldWhile("", (all) => all.length < longest, (all, text) => all + text)
    )
    return /^(\d+) (.+)/.exec(withoutControl(said.slice(0, longest)))
  }).pipe(Effect.scoped, Effect.timeout(soon), Effect.orElseSucceed(() => null))

/**
 * Adds to a `PortInUse` who listens there, where the host can tell.
 *
 * @internal
 */
export const name = (connection: SshConnection, port: number, error: SshError): Effect.Effect<SshError> =>
  error.reason !== "PortInUse" || port === 0 ? Effect.succeed(error) : Effect.map(
    ask(connection, port),
    (found) =>
      found === null
        ? error
        : new SshError({ ...error, detail: `${error.detail}: ${found[2]} (${found[1]}) listens there` })
  )
