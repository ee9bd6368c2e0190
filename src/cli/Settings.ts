/**
 * Defaults for options, from variables and from a file: an option wins over a variable, a variable over the file, the table of a
 * command over what stands above all tables.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as CommandLine from "./CommandLine.ts"
import * as CommandPath from "./CommandPath.ts"
import * as CommandTree from "./CommandTree.ts"
import type { UsageError } from "./Invocation.ts"
import * as SettingsFile from "./SettingsFile.ts"
import * as SettingValue from "./SettingValue.ts"

/**
 * A default that is set.
 *
 * @since 0.1.0
 * @category models
 */
export interface Setting {
  /** The commands that it is for: those below this one, by names; all of them when empty. */
  readonly path: ReadonlyArray<string>
  /** As the option is called. */
  readonly name: string
  /** One, or several where the option may come more than once. */
  readonly values: ReadonlyArray<string>
  /** The variable, or file and line. */
  readonly source: string
}

/**
 * The variable for an option.
 *
 * @since 0.1.0
 * @category accessors
 */
export const variable = (name: string): string => `LAZYCLUSTER_${name.toUpperCase().replaceAll("-", "_")}`

/** Programs that lazycluster started have this variable too, with the name of a lease. */
const ours = (name: string, text: string): boolean => name !== "lease" || /^\d{1,9}(\.\d+)?(\s+\w+)?$/.test(text.trim())

const fromVariables = Effect.fnUntraced(function*(tree: CommandTree.CommandTree) {
  const settings: Array<Setting> = []
  for (const [name, option] of CommandTree.optionsBelow(tree)) {
    const text = yield* Effect.orDie(Config.option(Config.string(variable(name))))
    if (Option.isNone(text) || text.value === "" || !ours(name, text.value)) continue
    const source = variable(name)
    settings.push({ path: [], name, values: yield* SettingValue.ofText(option, text.value, source), source })
  }
  return settings
})

/**
 * All that is set, what wins first. Fails with `UsageError` where a key is not known or a value cannot be.
 *
 * @since 0.1.0
 * @category constructors
 */
export const load = Effect.fnUntraced(function*(tree: CommandTree.CommandTree) {
  const file = yield* SettingsFile.read(tree)
  return [...yield* fromVariables(tree), ...file.toSorted((a, b) => b.path.length - a.path.length)]
})

/** A default gives way to an option that it does not go with. */
const excluded = (run: CommandLine.Run, option: CommandTree.OptionTree): boolean => {
  const given = (name: string) => run.given.some(({ option }) => option.name === name)
  const named = CommandPath.last(run.path).arguments.some(({ value }) => value.label.toLowerCase() === "host")
  return (option.name === "hosts" && (given("sandbox") || (named && run.args.length > 0)))
    || (option.name === "sandbox" && given("hosts"))
}

/**
 * A default that a command line takes over.
 *
 * @since 0.1.0
 * @category models
 */
export interface Applied {
  readonly run: CommandLine.Run
  readonly settings: ReadonlyArray<Setting>
}

/**
 * A command line with the defaults for what it does not say.
 *
 * @since 0.1.0
 * @category combinators
 */
export const apply = (run: CommandLine.Run, settings: ReadonlyArray<Setting>): Applied => {
  const names = run.path.slice(1).map(({ name }) => name)
  const fits = (setting: Setting) => setting.path.every((name, depth) => names[depth] === name)
  const found = run.path.flatMap((command) =>
    command.options.flatMap((option) => {
      const setting = settings.find((setting) => setting.name === option.name && fits(setting))
      return setting === undefined || run.given.some((given) => given.option === option) || excluded(run, option)
        ? []
        : [{ command, option, setting }]
    })
  )
  return {
    run: {
      ...run,
      given: [
        ...run.given,
        ...found.flatMap(({ command, option, setting }) => setting.values.map((value) => ({ command, option, value })))
      ]
    },
    settings: found.map(({ setting }) => setting)
  }
}

/**
 * Where an error about an option comes from, when it is not on the command line.
 *
 * @since 0.1.0
 * @category combinators
 */
export const blame = (error: UsageError, settings: ReadonlyArray<Setting>): string | undefined => {
  const guilty = settings.filter(({ name }) => new RegExp(`--${name}\\b`).test(error.detail))
  return guilty.length === 0 ? undefined : guilty.map(({ name, source }) => `--${name} is set by ${source}`).join("; ")
}
