/**
 * The commands as data: what reads a command line, prints help, completes words and writes the reference all look here.
 *
 * @since 0.1.0
 */
import * as HelpDoc from "@effect/cli/HelpDoc"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as CommandAbout from "./CommandAbout.ts"

/**
 * What stands in the place of a value.
 *
 * @since 0.1.0
 * @category models
 */
export interface Value {
  readonly kind: "switch" | "text" | "integer" | "number" | "choice" | "file" | "directory" | "path"
  /** How help calls it. */
  readonly label: string
  readonly choices: ReadonlyArray<string>
}

/**
 * An option, without its dashes. A switch takes no value.
 *
 * @since 0.1.0
 * @category models
 */
export interface OptionTree {
  readonly name: string
  readonly aliases: ReadonlyArray<string>
  readonly value: Value
  readonly description: string
  readonly repeated: boolean
  readonly required: boolean
  /** What holds without it, where that can be said in a word. */
  readonly fallback?: string | undefined
}

/**
 * An argument.
 *
 * @since 0.1.0
 * @category models
 */
export interface ArgumentTree {
  readonly value: Value
  readonly description: string
  readonly repeated: boolean
  /** Where one is not enough. */
  readonly least?: number | undefined
  readonly required: boolean
  readonly fallback?: string | undefined
}

/**
 * A command.
 *
 * @since 0.1.0
 * @category models
 */
export interface CommandTree extends CommandAbout.CommandAbout {
  readonly name: string
  readonly options: ReadonlyArray<OptionTree>
  readonly arguments: ReadonlyArray<ArgumentTree>
  readonly commands: ReadonlyArray<CommandTree>
}

/** How @effect/cli keeps commands, options and arguments; it gives them in no other way. */
type Node =
  | { readonly _tag: "Empty" }
  | Single
  | {
    readonly _tag: "KeyValueMap" | "Variadic"
    readonly argumentOption?: unknown
    readonly args?: unknown
    readonly min?: unknown
  }
  | { readonly _tag: "Map"; readonly options?: unknown; readonly args?: unknown; readonly command?: unknown }
  | { readonly _tag: "Both" | "OrElse"; readonly left: unknown; readonly right: unknown }
  | {
    readonly _tag: "WithDefault" | "WithFallback" | "WithFallbackConfig"
    readonly options?: unknown
    readonly args?: unknown
    readonly fallback?: unknown
  }
  | {
    readonly _tag: "Standard"
    readonly name: string
    readonly description: HelpDoc.HelpDoc
    readonly options: unknown
    readonly args: unknown
  }
  | { readonly _tag: "Subcommands"; readonly parent: unknown; readonly children: ReadonlyArray<unknown> }

interface Single {
  readonly _tag: "Single"
  readonly name: string
  readonly aliases?: ReadonlyArray<string>
  readonly placeholder?: string
  readonly primitiveType: Primitive
  readonly description: HelpDoc.HelpDoc
}

interface Primitive {
  readonly _tag: string
  readonly pathType?: "file" | "directory" | "either"
  readonly alternatives?: ReadonlyArray<readonly [string, unknown]>
}

const isNode = (node: unknown): node is Node => Predicate.hasProperty(node, "_tag")

const kinds = new Map<string, Value["kind"]>([
  ["Bool", "switch"],
  ["Choice", "choice"],
  ["Float", "number"],
  ["Integer", "integer"]
])

const kindOf = ({ _tag, pathType }: Primitive): Value["kind"] =>
  _tag === "Path" ? (pathType === undefined || pathType === "either" ? "path" : pathType) : kinds.get(_tag) ?? "text"

const valueOf = (single: Single): Value => ({
  kind: kindOf(single.primitiveType),
  label: single.placeholder ?? single.name.replaceAll(/[<>]/g, ""),
  choices: (single.primitiveType.alternatives ?? []).map(([choice]) => choice)
})

/** Options and arguments are built alike, and what stands around one holds for it. */
interface Found {
  readonly single: Single
  readonly repeated: boolean
  readonly least?: number
  readonly required: boolean
  readonly fallback: string | undefined
}

const singles = (node: unknown): ReadonlyArray<Found> => {
  if (!isNode(node)) return []
  switch (node._tag) {
    case "Single":
      return [{ single: node, repeated: false, required: true, fallback: undefined }]
    case "Both":
      return [...singles(node.left), ...singles(node.right)]
    case "OrElse":
      return [...singles(node.left), ...singles(node.right)].map((found) => ({ ...found, required: false }))
    case "KeyValueMap":
    case "Variadic": {
      const least = Option.isOption(node.min) ? Number(Option.getOrElse(node.min, () => 0)) : 0
      return singles(node.argumentOption ?? node.args).map((found) => ({
        ...found,
        repeated: true,
        required: least > 0,
        ...(least > 1 ? { least } : {})
      }))
    }
    case "Map":
      return singles(node.options ?? node.args)
    case "WithDefault":
    case "WithFallback":
    case "WithFallbackConfig": {
      const { fallback } = node
      const word = typeof fallback === "string" || typeof fallback === "number" ? String(fallback) : undefined
      return singles(node.options ?? node.args).map((found) => ({ ...found, required: false, fallback: word }))
    }
    default:
      return []
  }
}

/**
 * The tree of a command's descriptor.
 *
 * @since 0.1.0
 * @category constructors
 */
export const of = (descriptor: unknown): CommandTree => {
  if (isNode(descriptor) && descriptor._tag === "Map") return of(descriptor.command)
  if (isNode(descriptor) && descriptor._tag === "Subcommands") {
    return { ...of(descriptor.parent), commands: descriptor.children.map(of) }
  }
  const { args, description, name, options } = isNode(descriptor) && descriptor._tag === "Standard"
    ? descriptor
    : { args: undefined, description: HelpDoc.empty, name: "", options: undefined }
  return {
    name,
    ...CommandAbout.fromHelp(description),
    options: singles(options).map(({ single, ...found }) => ({
      name: single.name,
      aliases: single.aliases ?? [],
      value: valueOf(single),
      description: CommandAbout.text(single.description),
      ...found
    })),
    arguments: singles(args).map(({ single, ...found }) => ({
      value: valueOf(single),
      description: CommandAbout.text(single.description),
      ...found
    })),
    commands: []
  }
}

/**
 * The options below a command by name, in the order in which one meets them.
 *
 * @since 0.1.0
 * @category accessors
 */
export const optionsBelow = (tree: CommandTree): ReadonlyMap<string, OptionTree> =>
  new Map([
    ...tree.commands.flatMap((child) => [...optionsBelow(child)]),
    ...tree.options.map((option) => [option.name, option] as const)
  ])
