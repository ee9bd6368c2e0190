/**
 * Who holds a port that could not be bound.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Address, SshConnection } from "../services/SshConnection.ts"
import { SshError } from "../services/SshError.ts"
import { withoutControl } from "./outputText.ts"
import * as programs from "./programs.ts"
import * as socketPath from "./socketPath.ts"

/** A host that takes longer is not waited for: the error is clear without. */
const soon = "5 seconds"

/** More than a name of a process has. */
const longest = 64

/** What the host says; `undefined` where it does not know, or nobody listens. */
const ask = (connection: SshConnection, port: number) =>
  Effect.gen(function*() {
    const process = yield* connection.exec({ program: yield* programs.load("holder", "sh"), words: [String(port)] })
    const said = yield* process.stdout.pipe(
      Stream.decodeText(),
      Stream.runFoldWhile("", (all) => all.length < longest, (all, text) => all + text)
    )
    const answer = withoutControl(said.slice(0, longest)).trim()
    const [, pid, name] = /^(\d+) (.+)/.exec(answer) ?? []
    if (pid !== undefined) return `${name} (${pid}) listens there`
    return answer === "somebody" ? "a program of another user listens there" : undefined
  }).pipe(Effect.scoped, Effect.timeout(soon), Effect.orElseSucceed(() => undefined))

/**
 * Adds to a `PortInUse` who listens there, where the host can tell. A server that allows few ports (PermitListen) refuses one
 * that is taken in the same way as one that it forbids: there a listener decides.
 *
 * @internal
 */
export const name = (connection: SshConnection, at: Address, error: SshError): Effect.Effect<SshError> => {
  if (socketPath.isSocket(at) || at.port === 0) return Effect.succeed(error)
  if (error.reason !== "PortInUse" && error.reason !== "ForwardForbidden") return Effect.succeed(error)
  return Effect.map(ask(connection, at.port), (holder) => {
    if (holder === undefined) return error
    const { host, step } = error
    return new SshError({
      reason: "PortInUse",
      host,
      step,
      detail: error.reason === "PortInUse"
        ? `${error.detail}: ${holder}`
        : `${socketPath.render(at)} cannot be bound: ${holder}`,
      hint: "choose another port, or end that program",
      cause: error
    })
  })
}
