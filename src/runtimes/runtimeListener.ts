/**
 * Whose a listening port of a host is.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as programs from "../internal/programs.ts"
import * as pulled from "../internal/pulled.ts"
import type { SshConnection } from "../services/SshConnection.ts"
import type { SshError } from "../services/SshError.ts"
import type { Listener, Runtime } from "./Runtime.ts"

const isListener = Schema.is(Schema.Literal("ours", "foreign", "nobody"))

/**
 * Asks the host each time.
 *
 * @internal
 */
export const make = (
  id: string,
  connection: Effect.Effect<SshConnection, SshError>
): Effect.Effect<Runtime["listener"]> =>
  Effect.map(programs.load("listener", "sh"), (program) => (port: number, pid: number) =>
    connection.pipe(
      Effect.flatMap((open) => open.exec({ program, words: [String(port), id, String(pid)] })),
      Effect.flatMap((process) => pulled.text(process.stdout)),
      Effect.map((said): Listener => {
        const answer = said.trim()
        return isListener(answer) ? answer : "unknown"
      }),
      Effect.scoped
    ))
