/**
 * What may stand where somebody presses Tab. It is asked in a process of its own each time: nothing of Effect is loaded here.
 *
 * @since 0.1.0
 */
import type { CommandTree, OptionTree, Value } from "./CommandTree.ts"

/**
 * A word that fits, and what it means.
 *
 * @since 0.1.0
 * @category models
 */
export type Candidate = readonly [word: string, meaning: string]

/**
 * What fits: these words, and names that are not in the tree of commands.
 *
 * @since 0.1.0
 * @category models
 */
export interface Answer {
  readonly candidates: ReadonlyArray<Candidate>
  readonly also: "nothing" | "files" | "directories" | "hosts"
  /** What stands before the name that is typed, in the same word: `--hosts=a,`. */
  readonly before: string
  /** The part of the word that is the name. */
  readonly typed: string
  /** The ssh config that the line names. */
  readonly config: string | undefined
}

const everyone: ReadonlyArray<Candidate> = [
  ["--debug", "Log more, and show where errors come from"],
  ["--help", "Show what it takes"]
]

const data: Candidate = ["--json", "Print data as JSON"]

const optionsOf = (path: ReadonlyArray<CommandTree>): ReadonlyArray<OptionTree> =>
  path.flatMap(({ options }) => options)

const find = (options: ReadonlyArray<OptionTree>, word: string): OptionTree | undefined => {
  const [dashed = word] = word.split("=")
  const name = dashed.replace(/^--?/, "")
  return options.find((option) => dashed.startsWith("-") && (option.name === name || option.aliases.includes(name)))
}

const hosts = new Set(["a,b,c", "host"])

const files: Partial<Record<Value["kind"], Answer["also"]>> = {
  file: "files",
  path: "files",
  directory: "directories"
}

const sentence = (text: string): string => /^.*?[.,;:](?=\s|$)/.exec(text)?.[0].slice(0, -1) ?? text

const optionWords = (command: CommandTree, path: ReadonlyArray<CommandTree>, given: ReadonlySet<string>) => [
  ...optionsOf(path)
    .filter((option) => option.repeated || !given.has(option.name))
    .map((option): Candidate => [`--${option.name}`, option.description]),
  ...(command.json ? [data] : []),
  ...everyone,
  ...(path.length === 1 ? [["--version", "Print the version"] as const] : [])
]

/**
 * What fits in the place of the last word, which may be empty, after the others.
 *
 * @since 0.1.0
 * @category constructors
 */
export const answer = (tree: CommandTree, words: ReadonlyArray<string>): Answer => {
  const last = words.at(-1) ?? ""
  let path: ReadonlyArray<CommandTree> = [tree]
  let command = tree
  let below = tree.commands
  let wanting: OptionTree | undefined
  let count = 0
  const given = new Map<string, string>()
  for (const word of words.slice(0, -1)) {
    if (wanting !== undefined) {
      given.set(wanting.name, word)
      wanting = undefined
      continue
    }
    if (word === "--") return { candidates: [], also: "files", before: "", typed: last, config: undefined }
    const option = find(optionsOf(path), word)
    if (option !== undefined) {
      const equals = word.indexOf("=")
      given.set(option.name, equals < 0 ? "" : word.slice(equals + 1))
      if (equals < 0 && option.value.kind !== "switch") wanting = option
      continue
    }
    if (word.startsWith("-")) continue
    const named = below.find(({ name }) => name === word)
    if (named === undefined) {
      count += 1
      continue
    }
    // `help` takes the names of the others.
    below = command === tree && word === "help" ? tree.commands : named.commands
    if (command.name !== "help") {
      command = named
      path = [...path, named]
    }
  }
  const config = given.get("config")
  const fitting = (value: Value, before: string, whole: string): Answer => {
    const comma = value.label.includes(",") ? whole.lastIndexOf(",") + 1 : 0
    return {
      candidates: value.choices.map((choice): Candidate => [choice, ""]),
      also: hosts.has(value.label.toLowerCase()) ? "hosts" : files[value.kind] ?? "nothing",
      before: before + whole.slice(0, comma),
      typed: whole.slice(comma),
      config
    }
  }
  if (wanting !== undefined) return fitting(wanting.value, "", last)
  const attached = last.includes("=") ? find(optionsOf(path), last) : undefined
  if (attached !== undefined) {
    const equals = last.indexOf("=") + 1
    return fitting(attached.value, last.slice(0, equals), last.slice(equals))
  }
  const plain: Answer = { candidates: [], also: "nothing", before: "", typed: last, config }
  if (last.startsWith("-")) return { ...plain, candidates: optionWords(command, path, new Set(given.keys())) }
  if (below.length > 0) {
    return {
      ...plain,
      candidates: below.map(({ description, name }): Candidate => [name, sentence(description)])
    }
  }
  const argument = command.arguments[count] ?? command.arguments.findLast(({ repeated }) => repeated)
  return argument === undefined
    ? { ...plain, candidates: last === "" ? optionWords(command, path, new Set(given.keys())) : [] }
    : fitting(argument.value, "", last)
}

const clean = (text: string): string => text.replaceAll(/\s+/g, " ").replaceAll(/\p{Cc}/gu, "")

/**
 * The answer as the shells' scripts read it: a line a candidate, its meaning after a tab; `:files` and `:directories` for what a shell
 * finds itself.
 *
 * @since 0.1.0
 * @category rendering
 */
export const render = ({ also, before, candidates, typed }: Answer, names: ReadonlyArray<string> = []): string =>
  [
    ...[...candidates, ...names.map((name): Candidate => [name, ""])]
      .filter(([word]) => word.startsWith(typed))
      .map(([word, meaning]) => `${before}${clean(word)}\t${clean(meaning)}`),
    ...(also === "files" || also === "directories" ? [`:${also}`] : [])
  ].map((line) => `${line}\n`).join("")
