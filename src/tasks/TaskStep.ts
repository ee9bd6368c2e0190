/**
 * The steps of a task: data that serialises.
 *
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import * as Match from "effect/Match"
import * as Schema from "effect/Schema"
import { withoutControl } from "../internal/outputText.ts"
import { Selection } from "../services/FileTransfer.ts"
import { FunctionCode } from "./FunctionCode.ts"

const Env = Schema.Record({ key: Schema.String, value: Schema.String })

/**
 * Runs a line of shell in the working directory.
 *
 * @since 0.1.0
 * @category schemas
 */
export const RunCommand = Schema.TaggedStruct("RunCommand", { command: Schema.String, env: Env })

/**
 * Copies a file or a directory to the host.
 *
 * @since 0.1.0
 * @category schemas
 */
export const SendFile = Schema.TaggedStruct("SendFile", {
  local: Schema.String,
  /** Default: the name of the local file, in the working directory. */
  remote: Schema.optionalWith(Schema.String, { exact: true }),
  ...Selection.fields
})

/**
 * Copies a file or a directory from the host.
 *
 * @since 0.1.0
 * @category schemas
 */
export const GetFile = Schema.TaggedStruct("GetFile", {
  remote: Schema.String,
  /** Default: the name of the remote file, in the current directory of this process. */
  local: Schema.optionalWith(Schema.String, { exact: true }),
  ...Selection.fields
})

const decodeArguments = Schema.decodeUnknownEither(
  Schema.parseJson(Schema.Record({ key: Schema.String, value: Schema.Unknown }))
)

/** A line end would end the request that the program on the host reads. */
const isOneLine = (text: string): boolean => !text.includes("\n") && Either.isRight(decodeArguments(text))

/**
 * Calls a function of Python or JavaScript.
 *
 * @since 0.1.0
 * @category schemas
 */
export const RunFunction = Schema.TaggedStruct("RunFunction", {
  name: Schema.String,
  code: FunctionCode,
  /** The arguments by name, as one line of JSON. */
  args: Schema.String.pipe(Schema.filter((text) => isOneLine(text) || "not one line of JSON, an object")),
  /** Whether an argument is a `Redacted`: then no plan and no log shows any. */
  secret: Schema.optionalWith(Schema.Boolean, { exact: true }),
  env: Env,
  /** The program that runs it; default `python3`, that of its requirements, or `node`. */
  interpreter: Schema.optionalWith(Schema.String, { exact: true }),
  /** Why the arguments, or the function, cannot be used. */
  refused: Schema.optionalWith(Schema.String, { exact: true })
})

/**
 * A step.
 *
 * @since 0.1.0
 * @category schemas
 */
export const TaskStep = Schema.Union(RunCommand, SendFile, GetFile, RunFunction)

/**
 * A step.
 *
 * @since 0.1.0
 * @category models
 */
export type TaskStep = typeof TaskStep.Type

const shorten = (text: string): string => {
  // Arguments may be a hundred megabytes.
  const line = withoutControl(text.slice(0, 1000).replaceAll("\n", "⏎"))
  return line.length > 200 ? `${line.slice(0, 200)}…` : line
}

const withNames = (text: string, env: Readonly<Record<string, string>>): string => {
  const names = Object.keys(env)
  return names.length === 0 ? text : `${text} (env: ${names.join(", ")})`
}

const withSelection = (text: string, { compare, exclude = [], gitignore, links }: Selection): string => {
  const said = [
    ...(exclude.length === 0 ? [] : [`without ${exclude.map(shorten).join(", ")}`]),
    ...(gitignore === true ? ["as .gitignore says"] : []),
    ...(links === "follow" ? ["links followed"] : []),
    ...(compare === "hash" ? ["compared by hash"] : [])
  ]
  return said.length === 0 ? text : `${text} (${said.join("; ")})`
}

/**
 * A step as one line of a plan. Values of the environment are left out.
 *
 * @since 0.1.0
 * @category combinators
 */
export const render: (step: TaskStep) => string = Match.type<TaskStep>().pipe(
  Match.tagsExhaustive({
    RunCommand: ({ command, env }) => withNames(`run ${shorten(command)}`, env),
    SendFile: ({ local, remote, ...selection }) =>
      withSelection(`send ${shorten(local)}${remote === undefined ? "" : ` to ${shorten(remote)}`}`, selection),
    GetFile: ({ local, remote, ...selection }) =>
      withSelection(`get ${shorten(remote)}${local === undefined ? "" : ` to ${shorten(local)}`}`, selection),
    RunFunction: ({ args, env, name, secret }) =>
      withNames(`call ${shorten(name)}(${secret === true ? "<redacted>" : shorten(args)})`, env)
  })
)

const textProblems = (what: string, text: string | undefined): ReadonlyArray<string> =>
  text === undefined
    ? []
    : text.trim() === ""
    ? [`${what} is empty`]
    : text.includes("\0")
    ? [`${what} holds a NUL, which no ${what.startsWith("the command") ? "command" : "path"} can`]
    : []

/** The guardian finds by it what is ours. */
const reserved = "LAZYCLUSTER_LEASE"

/**
 * What is wrong with an environment.
 *
 * @internal
 */
export const envProblems = (env: Readonly<Record<string, string>>): ReadonlyArray<string> =>
  Object.entries(env).flatMap(([name, value]) =>
    !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)
      ? [`${JSON.stringify(name)} is no name of an environment variable`]
      // A record read from JSON loses this key.
      : name === "__proto__"
      ? ["an environment variable cannot be named __proto__"]
      : name === reserved
      ? [`the environment variable ${name} is lazycluster's own`]
      : value.includes("\0")
      ? [`the environment variable ${name} holds a NUL`]
      : []
  )

/**
 * What is wrong with a step; empty when it can run.
 *
 * @since 0.1.0
 * @category guards
 */
export const problems: (step: TaskStep) => ReadonlyArray<string> = Match.type<TaskStep>().pipe(
  Match.tagsExhaustive({
    RunCommand: ({ command, env }) => [...textProblems("the command", command), ...envProblems(env)],
    SendFile: (
      { local, remote }
    ) => [...textProblems("the local path", local), ...textProblems("the remote path", remote)],
    GetFile: (
      { local, remote }
    ) => [...textProblems("the remote path", remote), ...textProblems("the local path", local)],
    RunFunction: ({ env, interpreter, refused }) => [
      ...(refused === undefined ? [] : [refused]),
      ...textProblems("the path of the interpreter", interpreter),
      ...envProblems(env)
    ]
  })
)
