/**
 * Packages of an engine, and those that its user needs beside them.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import { parsePin } from "../services/PythonPackages.ts"

const nameOf = (requirement: string): string =>
  Option.match(parsePin(requirement), { onNone: () => requirement, onSome: ({ name }) => name })

/**
 * Both; an extra package wins over the engine's own version of it.
 *
 * @internal
 */
export const withExtra = (own: ReadonlyArray<string>, extra: ReadonlyArray<string> = []): ReadonlyArray<string> => {
  const names = new Set(extra.map(nameOf))
  return [...own.filter((each) => !names.has(nameOf(each))), ...extra]
}
