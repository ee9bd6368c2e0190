/**
 * The files that a process of a plan finds when it starts: its secrets, and programs of this package.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as programs from "../internal/programs.ts"
import * as Runtime from "../runtimes/Runtime.ts"
import type { Program } from "../services/SshConnection.ts"
import type { SshError } from "../services/SshError.ts"
import type { ProcessPlan } from "./ClusterPlan.ts"

/**
 * By name, as they are given: they are in no plan.
 *
 * @internal
 */
export type Secrets = Readonly<Record<string, Redacted.Redacted>>

const languages: Readonly<Record<string, Program["language"]>> = { py: "python", sh: "sh", mjs: "node" }

const sourceOf = (file: string): Effect.Effect<string> => {
  const [name = "", extension = ""] = file.split(".")
  return Effect.map(programs.load(name, languages[extension] ?? "python"), ({ source }) => source)
}

/**
 * A directory of the process alone with its files in it, as long as the scope is open and no longer than the runtime; `undefined`
 * where it has none. A secret that is not given is left out: `ClusterPlan.faults` tells of it.
 *
 * @internal
 */
export const make = Effect.fnUntraced(function*(
  { files = [], secrets = [] }: Pick<ProcessPlan, "files" | "secrets">,
  given: Secrets,
  runtime: Runtime.Runtime
): Effect.fn.Return<string | undefined, SshError, Scope.Scope> {
  if (files.length === 0 && secrets.length === 0) return undefined
  const directory = yield* Runtime.temporaryDirectory(runtime)
  const there = yield* runtime.files
  const write = (name: string, content: string) =>
    there.write(`${directory}/${name}`, Stream.encodeText(Stream.make(content)), 0o600)
  yield* Effect.forEach(files, ({ name }) => Effect.flatMap(sourceOf(name), (source) => write(name, source)))
  yield* Effect.forEach(secrets, (name) => {
    const secret = Object.hasOwn(given, name) ? given[name] : undefined
    return secret === undefined ? Effect.void : write(name, Redacted.value(secret))
  })
  return directory
})
