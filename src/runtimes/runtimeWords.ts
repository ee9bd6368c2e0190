/**
 * The words of the `run` program for a command of a runtime.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { SshError } from "../services/SshError.ts"
import { type Command, commandProblems } from "../tasks/TaskTarget.ts"

/**
 * Where and with what a command of a runtime runs.
 *
 * @internal
 */
export interface Ground {
  readonly id: string
  readonly host: string
  readonly workingDirectory: string
  readonly environment: Readonly<Record<string, string>>
  readonly resolve: (path: string) => string
}

/**
 * `sessions` is the file in which the session is recorded, or `-`. Fails with `Spawn` at what no host could start.
 *
 * @internal
 */
export const make = (
  ground: Ground,
  command: Command,
  sessions: string
): Effect.Effect<ReadonlyArray<string>, SshError> => {
  const env = { ...ground.environment, ...command.env }
  // Whatever is given for it, the lease is ours.
  const others = Object.fromEntries(Object.entries(env).filter(([name]) => name !== "LAZYCLUSTER_LEASE"))
  const wrong = commandProblems({ ...command, env: others })
  return wrong.length > 0
    ? new SshError({
      reason: "Spawn",
      host: ground.host,
      step: `start ${command.argv[0]}`,
      detail: wrong.join("; "),
      hint: "nothing was started; a command and its environment are texts without NUL, each variable under a name"
    })
    : Effect.succeed([
      command.cwd === undefined ? ground.workingDirectory : ground.resolve(command.cwd),
      sessions,
      ...Object.entries({ ...env, LAZYCLUSTER_LEASE: ground.id }).map(([name, value]) => `${name}=${value}`),
      "--",
      ...command.argv
    ])
}
