/**
 * How a runtime starts a command of @effect/platform: its parts, with pipes between them, in one session of the host.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as programs from "../internal/programs.ts"
import * as recordedProcess from "../internal/recordedProcess.ts"
import { quoteAll } from "../internal/words.ts"
import type { Guardian } from "../services/Guardian.ts"
import type { Part, Refusal } from "../services/RemoteCommandExecutor.ts"
import { SshError } from "../services/SshError.ts"
import type { Runtime } from "./Runtime.ts"
import type { Ground } from "./runtimeWords.ts"

const refused = /^refused (access|spawn) (missing|denied|file) (\d+)$/

/** The reading of what the host says in place of `started`. */
const refusalOf = (line: string): Option.Option<Refusal> => {
  const [, step, why, part] = refused.exec(line) ?? []
  return part === undefined
    ? Option.none()
    : Option.some({
      _tag: "Refused",
      step: step === "access" ? "access" : "spawn",
      why: why === "missing" || why === "denied" ? why : "file",
      part: Number(part)
    })
}

const line = (ground: Ground, { argv, cwd, env, extendEnv }: Part): string => {
  const all = { ...(extendEnv ? ground.environment : {}), ...env, LAZYCLUSTER_LEASE: ground.id }
  const variables = Object.entries(all).map(([name, value]) => `${name}=${value}`)
  return quoteAll([cwd, extendEnv ? "all" : "only", String(variables.length), ...variables, ...argv])
}

/**
 * `spawn` of a runtime, for each ground that its views have.
 *
 * @internal
 */
export const make = Effect.fnUntraced(function*({ guardian, halt, scope }: {
  readonly guardian: Guardian
  readonly halt: (place: recordedProcess.Place["leader"]) => Effect.Effect<void>
  /** What nobody waits for runs here. */
  readonly scope: Scope.Scope
}) {
  const spawn = yield* programs.load("spawn", "sh")
  const signal = yield* programs.load("signal", "sh")

  return (ground: Ground): Runtime["spawn"] =>
    Effect.fn("Runtime.spawn")(function*(parts) {
      const said = { started: false }
      const process = yield* recordedProcess.make(
        Effect.flatMap(guardian.connection, (connection) =>
          connection.exec(
            { program: spawn, words: [`${guardian.state}/sessions`, ...parts.map((part) => line(ground, part))] },
            { lasting: true }
          )),
        halt,
        ({ leader }, { code }) => {
          if (!said.started) return Effect.void
          // The parts before the last may still be there; what one command has left in the background may stay, as in Node.
          if (parts.length > 1) return halt(leader)
          return code === 0 ? Effect.void : Effect.asVoid(Effect.forkIn(halt(leader), scope))
        }
      )
      const answer = yield* process.line
      const refusal = refusalOf(answer)
      if (Option.isSome(refusal)) return refusal.value
      if (Option.isNone(process.place) || answer !== "started") {
        return yield* new SshError({
          reason: "Spawn",
          host: ground.host,
          step: `start ${parts[0].argv[0]}`,
          detail: "the host did not say that it was started",
          hint: "does the login shell of the user print something when it has no terminal?"
        })
      }
      said.started = true
      const { pid, start } = process.place.value
      return {
        ...process,
        _tag: "Started" as const,
        pid,
        signal: (name) =>
          guardian.connection.pipe(
            Effect.flatMap((connection) =>
              connection.exec({ program: signal, words: [name.replace(/^SIG/, ""), String(pid), start] })
            ),
            Effect.flatMap(({ stdout }) => Stream.mkString(Stream.decodeText(Stream.take(stdout, 1)))),
            Effect.map((said) => said.startsWith("sent")),
            Effect.scoped
          )
      }
    })
})
