/**
 * Reads ssh config files line by line for one host, as OpenSSH does: what applies is set, the rest is only checked.
 *
 * @since 0.1.0
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { SshConfigError } from "../services/SshError.ts"
import type { LocalUser } from "./localUser.ts"
import { glob } from "./sshConfigGlob.ts"
import * as Line from "./sshConfigLine.ts"
import * as Match from "./sshConfigMatch.ts"
import * as Setting from "./sshConfigSettings.ts"
import * as Tokens from "./sshConfigTokens.ts"
import * as Value from "./sshConfigValue.ts"
import * as Pattern from "./sshPattern.ts"

/**
 * A file to read.
 *
 * @internal
 */
export interface Source {
  readonly path: string
  /** The directory that relative Includes start from. */
  readonly directory: string
  /** The system's file may not include below `~`. */
  readonly system: boolean
  /** Whether others must not be able to write it: who writes it runs commands as its reader. */
  readonly guarded: boolean
  readonly depth: number
  /** Whether it is included where nothing applies: then nothing in it does. */
  readonly idle: boolean
}

/**
 * What reading needs and does not change.
 *
 * @internal
 */
export interface Context {
  readonly fs: FileSystem.FileSystem
  readonly local: LocalUser
  readonly home: string
  /** For errors. */
  readonly alias: string | undefined
  /** What `Host` patterns look at. */
  readonly name: string
  readonly final: boolean
  readonly facts: (settings: Setting.Settings) => Effect.Effect<Tokens.Facts, string>
  readonly succeeds: (command: string) => Effect.Effect<boolean, string>
  /** Whether only the names in Host lines are asked for: no condition is judged, no value read. */
  readonly namesOnly: boolean
}

/**
 * A name in a Host line.
 *
 * @internal
 */
export interface Named {
  readonly name: string
  readonly file: string
  readonly line: number
}

/**
 * What reading changes.
 *
 * @internal
 */
export interface State {
  readonly settings: Setting.Settings
  readonly active: boolean
  readonly asksFinal: boolean
  /** The names that stand in Host lines, patterns left out. */
  readonly names: ReadonlyArray<Named>
}

type Step = Effect.Effect<State, SshConfigError>

const deepest = 16

/**
 * An error at a place in a file.
 *
 * @internal
 */
export const syntaxError = (alias: string | undefined, place: string, detail: string, hint?: string): SshConfigError =>
  new SshConfigError({
    reason: "Syntax",
    detail: `${place}: ${detail}`,
    ...(alias === undefined ? {} : { host: alias }),
    hint: hint ?? "correct that line; `man ssh_config` says what it may hold"
  })

const unreadable = (context: Context, detail: string, hint: string): SshConfigError =>
  new SshConfigError({
    reason: "Unreadable",
    detail,
    hint,
    ...(context.alias === undefined ? {} : { host: context.alias })
  })

/** A file that has gone meanwhile is as good as none; a directory reads as an empty file. */
const text = Effect.fnUntraced(function*(context: Context, source: Source) {
  const info = yield* Effect.option(context.fs.stat(source.path))
  if (Option.isNone(info) || info.value.type === "Directory") return Option.none<string>()
  const { mode, uid } = info.value
  const foreign = Option.exists(uid, (owner) => owner !== 0 && owner !== context.local.uid)
  if (source.guarded && (foreign || (mode & 0o002) !== 0)) {
    return yield* unreadable(
      context,
      `${source.path} ${foreign ? "belongs to another user" : "can be written by every user"}`,
      `make it yours alone: chmod 600 ${source.path}`
    )
  }
  return yield* context.fs.readFileString(source.path).pipe(
    Effect.asSome,
    Effect.mapError((cause) =>
      unreadable(context, `${source.path}: ${cause.message}`, "make the file readable for you")
    )
  )
})

const host = (
  words: ReadonlyArray<string>,
  line: number,
  state: State,
  context: Context,
  source: Source
): State => {
  const covering = words.filter((word) => Pattern.matches(context.name, word.replace(/^!/, "")))
  return {
    ...state,
    active: !source.idle && covering.length > 0 && covering.every((word) => !word.startsWith("!")),
    names: [
      ...state.names,
      ...words.filter((word) => word !== "" && !/[*?!]/.test(word)).map((name) => ({ name, file: source.path, line }))
    ]
  }
}

const include = Effect.fnUntraced(function*(
  words: ReadonlyArray<string>,
  state: State,
  context: Context,
  source: Source,
  wrong: (detail: string) => SshConfigError
) {
  if (words.length === 0 || words.includes("")) return yield* wrong("Include needs a path")
  if (source.system && words.some((word) => word.startsWith("~"))) {
    return yield* wrong("a system-wide file may not include from a home directory")
  }
  if (source.depth === deepest) return yield* wrong(`files are included more than ${deepest} deep`)
  const paths = yield* Effect.forEach(words, (word) =>
    Tokens.tilde(word, context).pipe(
      Effect.mapError(wrong),
      Effect.flatMap((path) => glob(context.fs, path.startsWith("/") ? path : `${source.directory}/${path}`))
    ))
  return yield* Effect.reduce(paths.flat(), state, (before, path) =>
    Effect.map(
      read(before, context, {
        ...source,
        path,
        guarded: true,
        depth: source.depth + 1,
        idle: source.idle || !state.active
      }),
      // A Host or Match in there ends with the file.
      (after): State => ({ ...after, active: state.active })
    ))
})

const setting = (
  line: Line.Line,
  state: State,
  place: Pick<Setting.Setting, "file" | "line">,
  wrong: (detail: string, hint?: string) => SshConfigError
): Either.Either<State, SshConfigError> => {
  const found = Value.read(line)
  if (found !== undefined) {
    return Either.mapBoth(found, {
      onLeft: (detail) => wrong(detail),
      onRight: ({ name, values }) =>
        state.active ? { ...state, settings: Setting.set(state.settings, name, { ...place, values }) } : state
    })
  }
  const ignored = Setting.first(state.settings, "ignoreunknown")
  return ignored !== undefined && Pattern.matchesList(line.keyword, ignored.toLowerCase())
    ? Either.right(state)
    : Either.left(
      wrong(`${line.keyword} is no keyword of ssh_config`, `correct it, or put above it: IgnoreUnknown ${line.keyword}`)
    )
}

const step = (written: string, number: number, state: State, context: Context, source: Source): Step => {
  const wrong = (detail: string, hint?: string) => syntaxError(context.alias, `${source.path}:${number}`, detail, hint)
  const line = Line.parse(written)
  if (Either.isLeft(line)) return Effect.fail(wrong(line.left))
  if (line.right === undefined) return Effect.succeed(state)
  const { keyword, words } = line.right
  if (keyword === "include") return include(words, state, context, source, wrong)
  if (context.namesOnly && keyword !== "host") return Effect.succeed(state)
  if (keyword === "match") {
    return context.facts(state.settings).pipe(
      Effect.flatMap((facts) =>
        Match.judge(words, {
          facts,
          settings: state.settings,
          final: context.final,
          // A condition that cannot matter is not worth a process.
          succeeds: source.idle ? () => Effect.succeed(false) : context.succeeds
        })
      ),
      Effect.mapBoth({
        onFailure: (detail) => wrong(detail),
        onSuccess: ({ asksFinal, holds }) => ({
          ...state,
          active: holds && !source.idle,
          asksFinal: state.asksFinal || asksFinal
        })
      })
    )
  }
  if (keyword !== "host") return setting(line.right, state, { file: source.path, line: number }, wrong)
  return words.length === 0 || words.includes("")
    ? Effect.fail(wrong("Host needs a name or a pattern"))
    : Effect.succeed(host(words, number, state, context, source))
}

/**
 * Reads a file and what it includes, on top of what is set already. A missing file sets nothing.
 *
 * @internal
 */
export const read = (before: State, context: Context, source: Source): Step =>
  Effect.flatMap(
    text(context, source),
    Option.match({
      onNone: () => Effect.succeed(before),
      onSome: (content) =>
        Effect.reduce(content.split("\n"), before, (state, written, index) =>
          step(written, index + 1, state, context, source))
    })
  )
