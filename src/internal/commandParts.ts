/**
 * What a command of @effect/platform is to a host: programs with pipes between them.
 *
 * @since 0.1.0
 */
import type { StandardCommand } from "@effect/platform/Command"
import type { NonEmptyReadonlyArray } from "effect/Array"
import * as HashMap from "effect/HashMap"
import * as Option from "effect/Option"
import { posix } from "node:path"
import type { Part } from "../services/RemoteCommandExecutor.ts"

/** A part whose output is not for the next one alone is the last one of its pipeline: bytes go on through this process. */
const closes = ({ stderr, stdout }: StandardCommand): boolean => stdout !== "pipe" || stderr === "inherit"

type Pipeline = NonEmptyReadonlyArray<StandardCommand>

/**
 * The pipelines that a host can run by itself, each feeding the next one.
 *
 * @internal
 */
export const pipelines = ([first, ...others]: Pipeline): NonEmptyReadonlyArray<Pipeline> => {
  const [one, ...more] = others
  if (one === undefined) return [[first]]
  const [next, ...rest] = pipelines([one, ...more])
  return closes(first) ? [[first], next, ...rest] : [[first, ...next], ...rest]
}

/** With a shell, the words become one line of it, as in Node: whoever asks for a shell wants them expanded. */
const argvOf = ({ args, command, shell }: StandardCommand): Part["argv"] =>
  shell === false
    ? [command, ...args]
    : [shell === true ? "/bin/sh" : shell, "-c", [command, ...args].join(" ")]

/** @internal */
export const directoryOf = ({ cwd }: StandardCommand, workingDirectory: string): string =>
  Option.match(cwd, { onNone: () => workingDirectory, onSome: (path) => posix.resolve(workingDirectory, path) })

/** @internal */
export const part = (command: StandardCommand, workingDirectory: string): Part => ({
  argv: argvOf(command),
  cwd: directoryOf(command, workingDirectory),
  env: Object.fromEntries(HashMap.toEntries(command.env)),
  extendEnv: command.extendEnv
})

/** What a POSIX shell takes for a name. */
const variable = /^[A-Za-z_][A-Za-z0-9_]*$/

/**
 * What keeps a part from being started on any host, as sentences.
 *
 * @internal
 */
export const problems = ({ argv, cwd, env }: Part): ReadonlyArray<string> => [
  ...(argv[0] === "" ? ["the name of the program is empty"] : []),
  ...(argv.some((word) => word.includes("\0")) ? ["an argument holds a NUL"] : []),
  ...(cwd.includes("\0") ? ["the path of the directory holds a NUL"] : []),
  ...Object.entries(env).flatMap(([name, value]) => [
    ...(variable.test(name) ? [] : [`${JSON.stringify(name)} is no name of a variable`]),
    ...(value.includes("\0") ? [`the value of ${name} holds a NUL`] : [])
  ])
]
