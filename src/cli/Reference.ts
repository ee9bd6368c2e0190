/**
 * The reference of all commands, in Markdown, made from the tree of commands: `docs/guide/commands.md`.
 *
 * @since 0.1.0
 */
import * as CommandPath from "./CommandPath.ts"
import type { CommandTree } from "./CommandTree.ts"
import * as Help from "./Help.ts"

const item = ([name, meaning]: readonly [string, string]): string => `- \`${name}\`: ${meaning}`

const section = (path: CommandPath.Path, depth: number): ReadonlyArray<string> => {
  const command = CommandPath.last(path)
  const own = Help.options(path).filter(([name]) => !/--(debug|help|version)$/.test(name))
  return [
    `${"#".repeat(depth)} ${path.slice(1).map(({ name }) => name).join(" ")}`,
    "",
    command.description,
    "",
    "```sh",
    Help.usage(path),
    "```",
    "",
    ...command.arguments.map((argument) => item([CommandPath.label(argument), argument.description])),
    ...own.map(item),
    ...(command.arguments.length + own.length > 0 ? [""] : []),
    "```sh",
    ...command.examples.flatMap(([line, what]) => [`# ${what}`, line]),
    "```",
    "",
    ...command.commands.flatMap((child) => section([...path, child], depth + 1))
  ]
}

/**
 * The page.
 *
 * @since 0.1.0
 * @category rendering
 */
export const page = (tree: CommandTree): string =>
  [
    "# Commands",
    "",
    "What each command takes, as `lazycluster help COMMAND` says it. Written by `npm run codegen` from the commands themselves; what holds for",
    "all of them stands in [the command line](command-line.md).",
    "",
    ...Help.groups(tree).flatMap(({ commands, title }) => [
      `## ${title}`,
      "",
      ...commands.flatMap((command) => section([tree, command], 3))
    ])
  ].join("\n").trimEnd() + "\n"
