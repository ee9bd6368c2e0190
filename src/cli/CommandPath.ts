/**
 * A command and where it stands, and how its parts are spelled. Help is printed before Effect is loaded: nothing of it is loaded here.
 *
 * @since 0.1.0
 */
import type { ArgumentTree, CommandTree, Value } from "./CommandTree.ts"

/**
 * A command and those it stands below, the first one first.
 *
 * @since 0.1.0
 * @category models
 */
export type Path = readonly [CommandTree, ...ReadonlyArray<CommandTree>]

/**
 * A command as it is typed: `lazycluster up dask`.
 *
 * @since 0.1.0
 * @category accessors
 */
export const spelled = (path: Path): string => path.map(({ name }) => name).join(" ")

/**
 * The command that a path ends with.
 *
 * @since 0.1.0
 * @category accessors
 */
export const last = (path: Path): CommandTree => path.at(-1) ?? path[0]

/**
 * The command that names lead to, if there is one.
 *
 * @since 0.1.0
 * @category accessors
 */
export const below = (tree: CommandTree, names: ReadonlyArray<string>): Path | undefined =>
  names.reduce<Path | undefined>((path, name) => {
    const child = path && last(path).commands.find((command) => command.name === name)
    return path && child && [...path, child]
  }, [tree])

const places = new Map([["integer", "N"], ["number", "N"]])

/**
 * What help and errors put in the place of an option's value.
 *
 * @since 0.1.0
 * @category accessors
 */
export const place = ({ choices, label }: Value): string =>
  choices.length > 0 ? choices.join("|") : places.get(label) ?? label

/**
 * How help and errors call an argument.
 *
 * @since 0.1.0
 * @category accessors
 */
export const label = ({ repeated, value }: ArgumentTree): string =>
  `${value.label.toUpperCase()}${repeated ? "..." : ""}`
