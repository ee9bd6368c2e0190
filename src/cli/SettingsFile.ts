/**
 * The file of settings: `$XDG_CONFIG_HOME/lazycluster/config.toml`, else below `~/.config`.
 *
 * @since 0.1.0
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Toml from "smol-toml"
import * as CommandTree from "./CommandTree.ts"
import { UsageError } from "./Invocation.ts"
import type { Setting } from "./Settings.ts"
import * as SettingValue from "./SettingValue.ts"
import * as Suggestion from "./Suggestion.ts"

/**
 * Where it is, or would be.
 *
 * @since 0.1.0
 * @category accessors
 */
export const path: Effect.Effect<string> = Config.all({
  config: Config.withDefault(Config.string("XDG_CONFIG_HOME"), ""),
  home: Config.withDefault(Config.string("HOME"), "")
}).pipe(
  Effect.orDie,
  // A relative path there is no path, says the specification.
  Effect.map(({ config, home }) => `${config.startsWith("/") ? config : `${home}/.config`}/lazycluster/config.toml`)
)

/** More is no file of settings. */
const most = 64 * 1024

const text = Effect.fnUntraced(function*(file: string) {
  const fs = yield* FileSystem.FileSystem
  const unread = (detail: string) =>
    new UsageError({ detail: `${file}: ${detail}`, hint: "correct or remove that file of settings" })
  const info = yield* Effect.option(fs.stat(file))
  if (Option.isNone(info)) return undefined
  if (info.value.type !== "File" || info.value.size > most) return yield* unread("is no file of settings")
  return yield* Effect.mapError(fs.readFileString(file), (error) => unread(error.message))
})

const parsed = (file: string, content: string): Effect.Effect<Record<string, unknown>, UsageError> =>
  Effect.try({
    try: () => Toml.parse(content),
    catch: (error) =>
      new UsageError({
        detail: error instanceof Toml.TomlError
          ? `${file}:${error.line}: ${error.message.split("\n")[0]}`
          : `${file} cannot be read`,
        hint: "it is TOML: hosts = [\"a\", \"b\"]"
      })
  })

/** The parser does not say where keys are. */
const lineOf = (content: string, tables: ReadonlyArray<string>, key: string): number => {
  const bare = (text: string) => text.replaceAll(/["'\s]/g, "")
  const full = [...tables, key].join(".")
  let table = ""
  for (const [index, line] of content.split("\n").entries()) {
    const header = /^\s*\[([^[\]]+)\]\s*(?:#.*)?$/.exec(line)?.[1]
    if (header !== undefined) table = `${bare(header)}.`
    const name = header === undefined ? /^\s*([\w\-."' ]+?)\s*=/.exec(line)?.[1] : ""
    if (name !== undefined && `${table}${bare(name)}`.replace(/\.$/, "") === full) return index + 1
  }
  return 1
}

const isTable = (value: unknown): value is Record<string, unknown> =>
  Predicate.isRecord(value) && !Array.isArray(value) && !Predicate.isDate(value)

/**
 * What it sets. Nothing where there is none.
 *
 * @since 0.1.0
 * @category constructors
 */
export const read = Effect.fnUntraced(function*(tree: CommandTree.CommandTree) {
  const file = yield* path
  const content = yield* text(file)
  const settings: Array<Setting> = []
  const walk = (
    values: Record<string, unknown>,
    command: CommandTree.CommandTree,
    tables: ReadonlyArray<string>
  ): Effect.Effect<void, UsageError> =>
    Effect.gen(function*() {
      const options = CommandTree.optionsBelow(command)
      for (const [name, value] of Object.entries(values)) {
        const source = `${file}:${lineOf(content ?? "", tables, name)}`
        const child = command.commands.find((child) => child.name === name)
        const option = options.get(name)
        if (isTable(value) && child !== undefined) {
          yield* walk(value, child, [...tables, name])
        } else if (option === undefined) {
          const near = Suggestion.nearest(
            name,
            isTable(value) ? command.commands.map((child) => child.name) : options.keys()
          )
          return yield* new UsageError({
            detail: `${source}: ${["lazycluster", ...tables].join(" ")} has no ${
              isTable(value) ? "command" : "option"
            } ${name}`,
            hint: near === undefined ? "lazycluster config shows what can be set" : `did you mean ${near}?`
          })
        } else settings.push({ path: tables, name, values: yield* SettingValue.ofToml(option, value, source), source })
      }
    })
  if (content !== undefined) yield* walk(yield* parsed(file, content), tree, [])
  return settings
})
