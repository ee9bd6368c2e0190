/**
 * Reads a command line as people type it: options before, between and after arguments, `--name=value`, `-abc`, and errors that
 * say what was meant.
 *
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import { label, last, type Path, place, spelled } from "./CommandPath.ts"
import type { CommandTree, OptionTree } from "./CommandTree.ts"
import { UsageError } from "./Invocation.ts"
import * as Suggestion from "./Suggestion.ts"

/**
 * An option that was given, and to which command of the path it belongs.
 *
 * @since 0.1.0
 * @category models
 */
export interface Given {
  readonly command: CommandTree
  readonly option: OptionTree
  readonly value: string
}

/**
 * A command to run.
 *
 * @since 0.1.0
 * @category models
 */
export interface Run {
  readonly _tag: "Run"
  readonly path: Path
  readonly given: ReadonlyArray<Given>
  readonly args: ReadonlyArray<string>
}

/**
 * What a command line asks for.
 *
 * @since 0.1.0
 * @category models
 */
export type Reading = Run | { readonly _tag: "Help"; readonly path: Path } | { readonly _tag: "Version" }

const wrong = (path: Path, detail: string, hint = `${spelled(path)} --help shows what it takes`) =>
  Either.left(new UsageError({ detail, hint }))

const everywhere = (tree: CommandTree): ReadonlyArray<string> => [
  ...tree.options.map(({ name }) => name),
  ...tree.commands.flatMap(everywhere)
]

const noOption = (path: Path, word: string) => {
  const [dashed = word] = word.split("=")
  const name = dashed.replace(/^-+/, "")
  const detail = `${spelled(path)} has no option ${dashed}`
  const command = last(path)
  const near = Suggestion.nearest(name, [
    ...path.flatMap(({ options }) => options.map((option) => option.name)),
    "help",
    "json",
    "debug"
  ])
  if (near !== undefined) return wrong(path, detail, `did you mean --${near}?`)
  return command.commands.length > 0 && everywhere(command).includes(name)
    ? wrong(path, detail, `options of a command stand after its name: ${spelled(path)} COMMAND ${dashed}`)
    : wrong(path, detail)
}

const noCommand = (path: Path, word: string) => {
  const near = Suggestion.nearest(word, last(path).commands.map(({ name }) => name))
  return wrong(
    path,
    `${spelled(path)} has no command ${word}`,
    near === undefined ? `${spelled(path)} --help shows its commands` : `did you mean ${spelled(path)} ${near}?`
  )
}

const find = (path: Path, fits: (option: OptionTree) => boolean): Omit<Given, "value"> | undefined =>
  path.toReversed().flatMap((command) => command.options.filter(fits).map((option) => ({ command, option })))[0]

const named = (path: Path, name: string) =>
  find(path, (option) => option.name === name || (name.length > 1 && option.aliases.includes(name)))

const abbreviated = (path: Path, letter: string) =>
  find(path, (option) => option.aliases.includes(letter) || option.name === letter)

const isSwitch = ({ option }: Pick<Given, "option">): boolean => option.value.kind === "switch"

const dashed = (name: string): string => `${name.length > 1 ? "--" : "-"}${name}`

type Options = Either.Either<{ readonly given: ReadonlyArray<Given>; readonly used: number }, UsageError>

const wantsValue = (path: Path, { option }: Pick<Given, "option">): Options =>
  wrong(path, `${dashed(option.name)} wants a value: ${dashed(option.name)} ${place(option.value)}`)

const one = (given: Given, used = 1): Options => Either.right({ given: [given], used })

/** `--name`, `--name value`, `--name=value`, `--no-name`. */
const long = (path: Path, word: string, next: string | undefined): Options => {
  const equals = word.indexOf("=")
  const name = word.slice(2, equals < 0 ? undefined : equals)
  const value = equals < 0 ? undefined : word.slice(equals + 1)
  const found = named(path, name)
  if (found === undefined) {
    const negated = name.startsWith("no-") && value === undefined ? named(path, name.slice(3)) : undefined
    return negated !== undefined && isSwitch(negated) ? one({ ...negated, value: "false" }) : noOption(path, word)
  }
  if (isSwitch(found)) {
    return value === undefined || value === "true" || value === "false"
      ? one({ ...found, value: value ?? "true" })
      : wrong(path, `--${name} takes no value: ${value}`)
  }
  if (value !== undefined) return value === "" ? wantsValue(path, found) : one({ ...found, value })
  // An option in the place of a value means that the value was forgotten.
  const forgotten = next === undefined || (next.startsWith("--") && named(path, next.slice(2)) !== undefined)
  return forgotten ? wantsValue(path, found) : one({ ...found, value: next }, 2)
}

/** `-l`, `-lf`, `-c value`, `-cvalue`. */
const short = (path: Path, word: string, next: string | undefined): Options => {
  const given: Array<Given> = []
  for (let index = 1; index < word.length; index++) {
    const found = abbreviated(path, word.charAt(index))
    if (found === undefined) return noOption(path, word)
    if (isSwitch(found)) given.push({ ...found, value: "true" })
    else {
      const rest = word.slice(index + 1)
      if (rest !== "") return Either.right({ given: [...given, { ...found, value: rest }], used: 1 })
      return next === undefined
        ? wantsValue(path, found)
        : Either.right({ given: [...given, { ...found, value: next }], used: 2 })
    }
  }
  return Either.right({ given, used: 1 })
}

const checked = (run: Run): Either.Either<Reading, UsageError> => {
  const { args, given, path } = run
  const command = last(path)
  const twice = given.find(({ option }, index) =>
    !option.repeated && given.slice(0, index).some((other) => other.option === option)
  )
  if (twice !== undefined) return wrong(path, `${dashed(twice.option.name)} is given twice`)
  if (!command.arguments.some(({ repeated }) => repeated) && args.length > command.arguments.length) {
    const [extra = ""] = args.slice(command.arguments.length)
    return command.program !== "none"
      ? wrong(
        path,
        `${spelled(path)} takes no argument ${extra}`,
        `a command to run stands after --: ${spelled(path)} -- ${extra}`
      )
      : wrong(path, `${spelled(path)} takes no argument ${extra}`)
  }
  const wanted = command.arguments.filter(({ required }) => required)
  if (args.length < wanted.reduce((sum, { least = 1 }) => sum + least, 0)) {
    const missing = wanted.filter(({ least = 1 }, index) => index + least > args.length)
    const each = missing.map((argument) =>
      `${label(argument)}${argument.least === undefined ? "" : ` (${argument.least} at least)`}`
    )
    return wrong(path, `${spelled(path)} wants ${each.join(" and ")}`)
  }
  const option = command.options.find((option) => option.required && !given.some((other) => other.option === option))
  return option === undefined
    ? Either.right(run)
    : wrong(path, `${spelled(path)} wants ${dashed(option.name)} ${place(option.value)}`)
}

/**
 * Reads the words of a command line, or says what is wrong with them.
 *
 * @since 0.1.0
 * @category constructors
 */
export const read = (tree: CommandTree, words: ReadonlyArray<string>): Either.Either<Reading, UsageError> => {
  let path: Path = [tree]
  const given: Array<Given> = []
  const args: Array<string> = []
  for (let index = 0; index < words.length;) {
    const word = words[index] ?? ""
    if (word === "--help" || word === "-h") return Either.right({ _tag: "Help", path })
    if (word === "--version" && path.length === 1) return Either.right({ _tag: "Version" })
    if (word.startsWith("-") && word !== "-") {
      const found = (word.startsWith("--") ? long : short)(path, word, words[index + 1])
      if (Either.isLeft(found)) {
        // Who asks for help does not want to hear what is wrong.
        return words.slice(index).some((later) => later === "--help" || later === "-h")
          ? Either.right({ _tag: "Help", path })
          : Either.left(found.left)
      }
      given.push(...found.right.given)
      index += found.right.used
      continue
    }
    const { arguments: wanted, commands } = last(path)
    const child = args.length === 0 ? commands.find(({ name }) => name === word) : undefined
    if (child !== undefined) path = [...path, child]
    else if (commands.length > 0 && wanted.length === 0) return noCommand(path, word)
    else args.push(word)
    index += 1
  }
  return path.length === 1 ? Either.right({ _tag: "Help", path }) : checked({ _tag: "Run", path, given, args })
}

/**
 * The words as @effect/cli takes them: each option after its command, arguments behind `--`.
 *
 * @since 0.1.0
 * @category conversions
 */
export const words = ({ args, given, path }: Run): ReadonlyArray<string> => [
  ...path.flatMap((command, depth) => [
    ...(depth === 0 ? [] : [command.name]),
    ...given.filter((one) => one.command === command).flatMap(({ option, value }) => [dashed(option.name), value])
  ]),
  ...(args.length === 0 ? [] : ["--", ...args])
]
