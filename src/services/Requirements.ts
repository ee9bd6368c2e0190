/**
 * Packages of a Python environment, from what others write: a requirements file, or a lock.
 *
 * @since 0.1.0
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Toml from "smol-toml"
import { failure, type PythonEnvironmentError } from "./PythonEnvironmentError.ts"
import { normalize, parsePin, type Pin } from "./PythonPackages.ts"

/**
 * Each package pinned to one version, as a line of `requirements.txt`: `NAME==VERSION`, then `; MARKER` and hashes where it
 * has them. Where one has hashes all must: then what an index gives is held against them.
 *
 * @since 0.1.0
 * @category models
 */
export type Requirements = ReadonlyArray<string>

const refused = (file: string, detail: string) =>
  failure({ reason: "Requirements", host: file, step: "read packages", detail })

/** What pip would be told, and hosts have of their own: their index. */
const option = /^-/

const fault = (line: string): string => {
  if (/^(-r|-c|--requirement|--constraint)\b/.test(line)) {
    return `${line} leads to another file: name all packages in one`
  }
  return option.test(line)
    ? `${line} is an option of pip, which hosts have in their own pip.conf`
    : `no exact version in ${JSON.stringify(line)}`
}

/** Lines that go on behind a backslash are one; comments are none. */
const lines = (text: string): ReadonlyArray<string> =>
  text.replace(/^\uFEFF/, "").replaceAll(/\\\r?\n/g, " ").split(/\r?\n/)
    .map((line) => line.replace(/(^|\s)#.*$/, "").trim())
    .filter((line) => line !== "" && line !== "--require-hashes")

/**
 * Reads what `pip freeze`, `pip-compile --generate-hashes` or `uv export` write.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromText = (
  text: string,
  file = "requirements"
): Either.Either<Requirements, PythonEnvironmentError> => {
  const all = lines(text)
  const wrong = all.filter((line) => Option.isNone(parsePin(line)))
  return wrong.length === 0 ? Either.right(all) : Either.left(refused(file, wrong.map(fault).join("; ")))
}

const Artifact = Schema.Struct({ hashes: Schema.Record({ key: Schema.String, value: Schema.String }) })

/** PEP 751, as far as it says which packages there are. */
const Lock = Schema.Struct({
  "lock-version": Schema.String,
  packages: Schema.Array(Schema.Struct({
    name: Schema.String,
    version: Schema.optional(Schema.String),
    marker: Schema.optional(Schema.String),
    wheels: Schema.optional(Schema.Array(Artifact)),
    sdist: Schema.optional(Artifact)
  }))
})

const forSome = /\b(extras|dependency_groups)\b/

/**
 * Reads a `pylock.toml`, with the hashes of its wheels and source archives.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromLock = (text: string, file = "pylock.toml"): Either.Either<Requirements, PythonEnvironmentError> =>
  Either.try({ try: () => Toml.parse(text), catch: (cause) => refused(file, String(cause).split("\n")[0] ?? "") }).pipe(
    Either.flatMap((toml) =>
      Either.mapLeft(Schema.decodeUnknownEither(Lock)(toml), ({ message }) => refused(file, message))
    ),
    Either.flatMap(({ packages }) => {
      const wrong = packages.flatMap(({ marker = "", name, version }) =>
        version === undefined
          ? [`${name} has no version: it is no package of an index`]
          : forSome.test(marker)
          ? [`${name} is for extras or groups: make the lock of just what is needed`]
          : []
      )
      return wrong.length > 0
        ? Either.left(refused(file, wrong.join("; ")))
        : Either.right(packages.map(({ marker, name, sdist, version, wheels = [] }) =>
          [
            `${name}==${version}`,
            ...(marker === undefined ? [] : [`; ${marker}`]),
            ...[...wheels, ...(sdist === undefined ? [] : [sdist])].flatMap(({ hashes: { sha256 } }) =>
              sha256 === undefined ? [] : [`--hash=sha256:${sha256}`]
            )
          ].join(" ")
        ))
    })
  )

/**
 * Reads a file of the manager: a `pylock.toml` or `pylock.NAME.toml`, else a requirements file. Fails with
 * `PythonEnvironmentError` `Requirements`.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * import { DaskCluster, Requirements, RuntimeManager } from "lazycluster"
 * import { Effect } from "effect"
 *
 * const cluster = Effect.gen(function*() {
 *   const packages = yield* Requirements.fromFile("pylock.toml")
 *   return yield* DaskCluster.make(yield* RuntimeManager.createGroup(), { packages })
 * })
 */
export const fromFile = (
  file: string
): Effect.Effect<Requirements, PythonEnvironmentError, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readFileString(file)).pipe(
    Effect.mapError(({ message }) => refused(file, message)),
    Effect.flatMap((text) => /(^|\/)pylock(\.[^/]+)?\.toml$/.test(file) ? fromLock(text, file) : fromText(text, file))
  )

const nameOf = (line: string): string =>
  Option.match(parsePin(line), { onNone: () => line, onSome: ({ name }: Pin) => normalize(name) })

/**
 * The packages of an engine and one's own beside them: of two with one name one's own counts.
 *
 * @since 0.1.0
 * @category combinators
 */
export const merge = (base: Requirements, own: Requirements): Requirements => {
  const names = new Set(own.map(nameOf))
  return [...base.filter((line) => !names.has(nameOf(line))), ...own]
}
