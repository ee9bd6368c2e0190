/**
 * `lazycluster config`.
 *
 * @since 0.1.0
 */
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Commands } from "./Commands.ts"
import * as CommandTree from "./CommandTree.ts"
import * as Settings from "./Settings.ts"
import * as SettingsFile from "./SettingsFile.ts"
import * as Subcommand from "./Subcommand.ts"
import * as Table from "./Table.ts"
import * as View from "./View.ts"

/**
 * A setting as `lazycluster config --json` gives it.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Shown = Schema.Struct({
  /** The option; behind the command and a dot, where it is for that alone. */
  name: Schema.String,
  /** The value, as one would type it; null where nothing is set. */
  value: Schema.NullOr(Schema.String),
  /** The variable, or file and line; null where nothing is set. */
  source: Schema.NullOr(Schema.String),
  /** The variable that sets it. */
  variable: Schema.String,
  /** The commands that take it. */
  commands: Schema.Array(Schema.String)
})

const takers = (
  tree: CommandTree.CommandTree,
  name: string,
  above: ReadonlyArray<string> = []
): ReadonlyArray<string> =>
  tree.commands.flatMap((child) => {
    const path = [...above, child.name]
    return [
      ...(child.options.some((option) => option.name === name) ? [path.join(" ")] : []),
      ...takers(child, name, path)
    ]
  })

/** Each option once, and once more for each command that has a value of its own. */
const shown = (
  tree: CommandTree.CommandTree,
  settings: ReadonlyArray<Settings.Setting>
): ReadonlyArray<typeof Shown.Type> =>
  [...CommandTree.optionsBelow(tree).keys()].toSorted().flatMap((name) => {
    const row = (setting: Settings.Setting | undefined) => ({
      name: [...setting?.path ?? [], name].join("."),
      value: setting?.values.join(",") ?? null,
      source: setting?.source ?? null,
      variable: Settings.variable(name),
      commands: takers(tree, name).filter((taker) =>
        setting === undefined || setting.path.every((part, index) => taker.split(" ")[index] === part)
      )
    })
    const all = settings.filter((setting) => setting.name === name)
    return [row(all.find(({ path }) => path.length === 0)), ...all.filter(({ path }) => path.length > 0).map(row)]
  })

/**
 * Shows the defaults for options.
 *
 * @since 0.1.0
 * @category commands
 */
export const command = Subcommand.make({
  name: "config",
  description:
    "Show every default that can be set, its value and where that comes from. An option wins over a variable, a variable over the file.",
  examples: [
    ["lazycluster config", "What is set, and what could be"],
    ["lazycluster config --path", "The file: TOML, a key an option, a table a command"],
    ["LAZYCLUSTER_HOSTS=host-1,host-2 lazycluster config --json", "As data"]
  ],
  json: true,
  config: {
    path: Options.boolean("path").pipe(Options.withDescription("Print the path of the file, there or not"))
  },
  run: Effect.fnUntraced(function*({ path }) {
    const file = yield* SettingsFile.path
    if (path) return yield* View.data({ path: file }, () => file)
    const tree = yield* Commands
    const settings = shown(tree, yield* Settings.load(tree))
      .toSorted((a, b) => Number(a.source === null) - Number(b.source === null))
    yield* View.data({ file, settings }, (paint, columns) =>
      Table.render({
        head: ["setting", "value", "from", "for"],
        rows: settings.map(({ commands, name, source, value }) => [
          name,
          value ?? "-",
          source ?? "default",
          commands.join(", ")
        ]),
        columns,
        paint: (text, row) => row < 0 ? paint.weak(text) : text
      }))
    const set = settings.filter(({ source }) => source !== null).length
    yield* View.note(`${set === 0 ? "nothing" : set} set by variables (LAZYCLUSTER_HOSTS for hosts) and ${file}`)
  })
})
