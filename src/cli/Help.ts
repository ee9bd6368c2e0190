/**
 * The help of a command, made from the tree of commands. It is printed before Effect is loaded: nothing of it is loaded here.
 *
 * @since 0.1.0
 */
import * as CommandPath from "./CommandPath.ts"
import type { CommandTree, OptionTree } from "./CommandTree.ts"
import type { Paint } from "./Paint.ts"

/**
 * A group of commands.
 *
 * @since 0.1.0
 * @category models
 */
export interface Group {
  readonly title: string
  readonly commands: ReadonlyArray<CommandTree>
}

const titles: ReadonlyArray<readonly [title: string, names: ReadonlyArray<string>]> = [
  ["Hosts", ["list-runtimes", "info", "add-runtime", "delete-runtime", "doctor"]],
  ["Work", ["run", "put", "get", "expose", "shell", "logs"]],
  ["Clusters", ["demo", "up", "ps", "clean"]],
  ["lazycluster itself", ["config", "completions", "help"]]
]

/**
 * The commands in groups, each in the order in which one meets them.
 *
 * @since 0.1.0
 * @category accessors
 */
export const groups = (tree: CommandTree): ReadonlyArray<Group> => {
  const known = new Set(titles.flatMap(([, names]) => names))
  const all = [
    ...titles.map(([title, names]) => ({
      title,
      commands: names.flatMap((name) => tree.commands.filter((command) => command.name === name))
    })),
    { title: "Commands", commands: tree.commands.filter(({ name }) => !known.has(name)) }
  ]
  return all.filter(({ commands }) => commands.length > 0)
}

/**
 * An option as it is typed: `-c, --config file`.
 *
 * @since 0.1.0
 * @category accessors
 */
export const spelled = ({ aliases, name, value }: OptionTree): string => {
  const names = [...aliases.filter((alias) => alias.length === 1).map((letter) => `-${letter}`), `--${name}`]
  return `${names.join(", ")}${value.kind === "switch" ? "" : ` ${CommandPath.place(value)}`}`
}

const programs = {
  none: [],
  optional: ["[-- PROGRAM [ARGUMENT...]]"],
  required: ["-- PROGRAM [ARGUMENT...]"]
}

/**
 * The usage line of a command.
 *
 * @since 0.1.0
 * @category accessors
 */
export const usage = (path: CommandPath.Path): string => {
  const command = CommandPath.last(path)
  return [
    CommandPath.spelled(path),
    ...(command.commands.length > 0 ? ["COMMAND"] : []),
    ...command.arguments.map((argument) =>
      argument.required ? CommandPath.label(argument) : `[${CommandPath.label(argument)}]`
    ),
    "[options]",
    ...programs[command.program]
  ].join(" ")
}

/**
 * Options with what they mean, those of every command last.
 *
 * @since 0.1.0
 * @category accessors
 */
export const options = (path: CommandPath.Path): ReadonlyArray<readonly [name: string, meaning: string]> => {
  const command = CommandPath.last(path)
  return [
    ...path.flatMap((part) => part.options).map((option) =>
      [
        spelled(option),
        `${option.description}${option.fallback === undefined ? "" : ` (default: ${option.fallback})`}`
      ] as const
    ),
    ...(command.json ? [["--json", "Print data as JSON"] as const] : []),
    ["-d, --debug", "Log more, and show where errors come from"],
    ["-h, --help", path.length === 1 ? "Show this; after a command, what that takes" : "Show this"],
    ...(path.length === 1 ? [["--version", "Print the version"] as const] : [])
  ]
}

const wrapped = (text: string, columns: number): ReadonlyArray<string> =>
  text.split(/\s+/).reduce<ReadonlyArray<string>>((lines, word) => {
    const line = lines.at(-1)
    return line === undefined || line.length + 1 + word.length > columns
      ? [...lines, word]
      : [...lines.slice(0, -1), `${line} ${word}`]
  }, [])

const widest = 30

const list = (rows: ReadonlyArray<readonly [string, string]>, columns: number): ReadonlyArray<string> => {
  const width = Math.max(0, ...rows.map(([name]) => name.length).filter((length) => length <= widest))
  return rows.flatMap(([name, meaning]) => {
    const [first = "", ...more] = wrapped(meaning, Math.max(20, columns - width - 5))
    const rest = more.map((line) => `${" ".repeat(width + 4)}${line}`)
    return name.length > width
      ? [`  ${name}`, ...[first, ...more].map((line) => `${" ".repeat(width + 4)}${line}`)]
      : [`  ${name.padEnd(width)}  ${first}`.trimEnd(), ...rest]
  })
}

/** The beginning of a description: what stands in a list of commands has one line. */
const beginning = (text: string): string => /^.*?[.,:;](?=\s|$)/.exec(text)?.[0].slice(0, -1) ?? text

/**
 * The help of a command, for so many columns.
 *
 * @since 0.1.0
 * @category rendering
 */
export const render = (path: CommandPath.Path, paint: Pick<Paint, "strong" | "weak">, columns: number): string => {
  const command = CommandPath.last(path)
  const width = Math.min(columns, 100)
  const section = (title: string, lines: ReadonlyArray<string>) =>
    lines.length === 0 ? [] : ["", paint.strong(title), ...lines]
  const named = (commands: ReadonlyArray<CommandTree>) =>
    list(commands.map(({ description, name }) => [name, beginning(description)]), width)
  return [
    ...wrapped(command.description, width),
    ...section("Usage", [`  ${usage(path)}`]),
    ...(path.length === 1
      ? groups(command).flatMap(({ commands, title }) => section(title, named(commands)))
      : section("Commands", named(command.commands))),
    ...section(
      "Arguments",
      list(command.arguments.map((argument) => [CommandPath.label(argument), argument.description]), width)
    ),
    ...section("Options", list(options(path), width)),
    ...section(
      "Examples",
      command.examples.flatMap(([line, what]) => [
        // A line to copy stays one line.
        `  $ ${line}`,
        ...wrapped(what, width - 4).map((words) => paint.weak(`    ${words}`))
      ])
    )
  ].join("\n")
}
