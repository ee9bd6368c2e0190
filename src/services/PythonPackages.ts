/**
 * Packages pinned to one version each, as `requirements.txt` writes them, and bounds on the version of Python.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"

/**
 * A package and its only version.
 *
 * @since 0.1.0
 * @category models
 */
export interface Pin {
  /** In the form in which names compare: lower case, `-` between its parts. */
  readonly name: string
  readonly version: string
  /** What pip is given, without the marker: with the hashes that its archives may have. */
  readonly line: string
  /** The environment marker behind `;`, else empty. */
  readonly marker: string
}

const pinned =
  /^\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(\[[A-Za-z0-9._,\s-]*\])?\s*===?\s*([A-Za-z0-9][A-Za-z0-9.!+_-]*)\s*(?:;\s*(.+?)\s*)?$/

/**
 * Whether its archives are held against hashes.
 *
 * @since 0.1.0
 * @category guards
 */
export const isHashed = ({ line }: Pin): boolean => line.includes(" --hash=")

/**
 * A name in the form in which names compare.
 *
 * @since 0.1.0
 * @category constructors
 */
export const normalize = (name: string): string => name.replace(/[-_.]+/g, "-").toLowerCase()

const hashes = /(?:\s+--hash[=\s]\s*sha(?:256|384|512):[0-9a-fA-F]{64,128})+\s*$/

/**
 * Reads `name==1.2.3`, also with extras, a marker and hashes; `None` for a requirement that leaves the version open.
 *
 * @since 0.1.0
 * @category constructors
 */
export const parsePin = (requirement: string): Option.Option<Pin> => {
  const [given = ""] = hashes.exec(requirement) ?? []
  const [, name, extras = "", version, marker = ""] = pinned.exec(requirement.replace(hashes, "")) ?? []
  if (name === undefined || version === undefined) return Option.none()
  const wanted = normalize(name)
  return Option.some({
    name: wanted,
    version,
    line: [
      `${wanted}${extras.replaceAll(/\s/g, "")}==${version}`,
      ...[...given.matchAll(/\w+:[0-9a-fA-F]+/g)].map(([hash]) => `--hash=${hash.toLowerCase()}`).sort()
    ].join(" "),
    marker
  })
}

/**
 * The lines of a set of packages, in the one order and spelling in which equal sets are equal texts.
 *
 * @since 0.1.0
 * @category constructors
 */
export const canonical = (pins: ReadonlyArray<Pin>): ReadonlyArray<string> =>
  [...new Set(pins.map((pin) => pin.marker === "" ? pin.line : `${pin.line}; ${pin.marker}`))].sort()

/**
 * One bound on a version of Python: compared with as many numbers of it as the bound has.
 *
 * @since 0.1.0
 * @category models
 */
export type PythonBound = readonly ["==" | "!=" | ">=" | "<=" | ">" | "<", ReadonlyArray<number>]

const bound = /^(==|!=|>=|<=|>|<)?\s*(\d+(?:\.\d+){0,2})(?:\.\*)?$/

const isOperator = (text: string): text is PythonBound[0] => ["==", "!=", ">=", "<=", ">", "<"].includes(text)

/**
 * Reads `3.11`, `>=3.10`, `>=3.10,<3.13`; `None` for what is none.
 *
 * @since 0.1.0
 * @category constructors
 */
export const parsePython = (text: string): Option.Option<ReadonlyArray<PythonBound>> =>
  Option.all(
    text.split(",").map((part): Option.Option<PythonBound> => {
      const [, operator = "==", version] = bound.exec(part.trim()) ?? []
      return version === undefined || !isOperator(operator)
        ? Option.none()
        : Option.some([operator, version.split(".").map(Number)])
    })
  )
