/**
 * What a shell in memory makes of words: variables, commands in words, fields, names of files.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { DoubleQuotedChild, ParameterExpansionPart, Script, Word, WordPart } from "unbash"
import { bytesOf } from "./memoryPipe.ts"
import type { Io } from "./memoryProcess.ts"
import { type Shell, ShellExit } from "./memoryShellState.ts"

/**
 * Gives what a script prints.
 *
 * @internal
 */
export type Substitute = (script: Script) => Effect.Effect<string, ShellExit>

/** @internal */
export interface Expansion {
  readonly shell: Shell
  readonly io: Io
  readonly substitute: Substitute
}

type Piece =
  | { readonly _tag: "Text"; readonly text: string }
  /** Not quoted: cut at its blanks. */
  | { readonly _tag: "Split"; readonly text: string }
  | { readonly _tag: "Fields"; readonly fields: ReadonlyArray<string> }
  | { readonly _tag: "Pattern"; readonly text: string; readonly source: string }

const parameter = (shell: Shell, name: string): string | undefined => {
  switch (name) {
    case "?":
      return String(shell.status)
    case "$":
      return String(shell.process.pid)
    case "!":
      return shell.last === undefined ? undefined : String(shell.last.pid)
    case "#":
      return String(shell.args.length)
    case "@":
    case "*":
      return shell.args.join(" ")
    case "0":
      return shell.name
    default:
      return /^\d+$/.test(name) ? shell.args[Number(name) - 1] : shell.variables.get(name)
  }
}

const say = (io: Io, text: string) => io.stderr(bytesOf(`sh: 1: ${text}\n`))

const ofParameter = Effect.fnUntraced(function*(
  self: Expansion,
  { operation, parameter: name, prefix }: ParameterExpansionPart
): Effect.fn.Return<string, ShellExit> {
  const value = parameter(self.shell, name)
  if (prefix === "#") return String(value?.length ?? 0)
  if (operation?.type !== "Default") return value ?? ""
  const given = value !== undefined && !(operation.operator.startsWith(":") && value === "")
  switch (operation.operator) {
    case "+":
    case ":+":
      return given ? yield* text(self, operation.operand) : ""
    case "?":
    case ":?": {
      if (given) return value
      yield* say(self.io, `${name}: ${(yield* text(self, operation.operand)) || "parameter not set"}`)
      return yield* new ShellExit({ code: 2 })
    }
    default: {
      if (given) return value
      const other = yield* text(self, operation.operand)
      if (operation.operator.endsWith("=")) self.shell.variables.set(name, other)
      return other
    }
  }
})

const bracket = (text: string) => text.replace(/^\[!/, "[^").replaceAll("\\", "\\\\")

const piece = (self: Expansion, part: WordPart | DoubleQuotedChild): Effect.Effect<Piece, ShellExit> => {
  switch (part.type) {
    case "Literal":
    case "SingleQuoted":
      return Effect.succeed({ _tag: "Text", text: part.value })
    case "Glob":
      return Effect.succeed({
        _tag: "Pattern",
        text: part.text,
        source: part.kind === "star" ? ".*" : part.kind === "question" ? "." : bracket(part.text)
      })
    case "SimpleExpansion":
      return Effect.sync(() => ({ _tag: "Split", text: parameter(self.shell, part.text.slice(1)) ?? "" }))
    case "ParameterExpansion":
      return Effect.map(ofParameter(self, part), (text) => ({ _tag: "Split", text }))
    case "CommandExpansion":
      return Effect.map(part.script === undefined ? Effect.succeed("") : self.substitute(part.script), (text) => ({
        _tag: "Split",
        text: text.replace(/\n+$/, "")
      }))
    case "DoubleQuoted": {
      const [first] = part.parts
      if (part.parts.length === 1 && first?.type === "SimpleExpansion" && first.text === "$@") {
        return Effect.succeed({ _tag: "Fields", fields: self.shell.args })
      }
      return Effect.map(
        Effect.forEach(part.parts, (inner) => piece(self, inner)),
        (pieces) => ({ _tag: "Text", text: pieces.map(textOf).join("") })
      )
    }
    default:
      // The check lets nothing else through.
      return Effect.succeed({ _tag: "Text", text: part.text })
  }
}

const textOf = (piece: Piece): string => piece._tag === "Fields" ? piece.fields.join(" ") : piece.text

const pieces = (self: Expansion, word: Word): Effect.Effect<ReadonlyArray<Piece>, ShellExit> =>
  Effect.suspend(() => {
    const made: Effect.Effect<ReadonlyArray<Piece>, ShellExit> = word.parts === undefined
      ? Effect.succeed([{ _tag: "Text", text: word.value }])
      : Effect.forEach(word.parts, (part) => piece(self, part))
    if (!/^~(?:\/|$)/.test(word.text)) return made
    const home = self.shell.variables.get("HOME") ?? self.shell.host.home
    return Effect.map(made, ([first, ...rest]) => [
      { _tag: "Text", text: home + (first === undefined ? "" : textOf(first)).slice(1) },
      ...rest
    ])
  })

/**
 * One text, never cut: of an assignment or a redirection.
 *
 * @internal
 */
export const text = (self: Expansion, word: Word): Effect.Effect<string, ShellExit> =>
  Effect.map(pieces(self, word), (all) => all.map(textOf).join(""))

/** A name in a path; `source` where it is a pattern. */
interface Segment {
  text: string
  source: string
  magic: boolean
}

const escaped = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")

const cut = (all: ReadonlyArray<Piece>): ReadonlyArray<ReadonlyArray<Segment>> => {
  const fields: Array<Array<Segment>> = []
  let open: Array<Segment> | undefined
  const close = () => {
    if (open !== undefined) fields.push(open)
    open = undefined
  }
  const add = (text: string, source = escaped(text), magic = false) => {
    open ??= [{ text: "", source: "", magic: false }]
    const segment = open[open.length - 1]
    if (segment === undefined) return
    segment.text += text
    segment.source += source
    segment.magic ||= magic
  }
  const addPath = (text: string) =>
    text.split("/").forEach((name, index) => {
      if (index > 0) open?.push({ text: "", source: "", magic: false })
      add(name)
    })
  for (const each of all) {
    if (each._tag === "Text") addPath(each.text)
    if (each._tag === "Pattern") add(each.text, each.source, true)
    if (each._tag === "Split") {
      each.text.split(/[ \t\n]+/).forEach((word, index) => {
        if (index > 0) close()
        if (word !== "") addPath(word)
      })
    }
    if (each._tag === "Fields") {
      each.fields.forEach((field, index) => {
        if (index > 0) close()
        addPath(field)
      })
    }
  }
  close()
  return fields
}

const found = Effect.fnUntraced(function*({ host, process }: Shell, field: ReadonlyArray<Segment>) {
  const { tree } = host
  const written = field.map(({ text }) => text).join("/")
  if (!field.some(({ magic }) => magic)) return [written]
  let paths = [""]
  for (const [index, { magic, source, text }] of field.entries()) {
    const before = index === 0 ? "" : "/"
    const pattern = new RegExp(`^(?:${source})$`, "s")
    paths = (yield* Effect.forEach(paths, (path) =>
      magic
        ? tree.list(tree.resolve(`${path}${before}` || ".", process.cwd)).pipe(
          Effect.orElseSucceed((): ReadonlyArray<string> => []),
          Effect.map((names) =>
            names.filter((name) => pattern.test(name) && (!name.startsWith(".") || text.startsWith(".")))
              .map((name) => `${path}${before}${name}`)
          )
        )
        : Effect.succeed([`${path}${before}${text}`]))).flat()
  }
  const there = yield* Effect.filter(
    paths,
    (path) => Effect.map(tree.stat(tree.resolve(path, process.cwd)), Option.isSome)
  )
  return there.length === 0 ? [written] : there
})

/**
 * The fields that a word becomes: none, one, or several.
 *
 * @internal
 */
export const fields = (self: Expansion, word: Word): Effect.Effect<ReadonlyArray<string>, ShellExit> =>
  Effect.flatMap(
    pieces(self, word),
    (all) => Effect.map(Effect.forEach(cut(all), (field) => found(self.shell, field)), (each) => each.flat())
  )

/**
 * The text of a here-document.
 *
 * @internal
 */
export const document = (
  self: Expansion,
  body: { readonly text: string; readonly parts: ReadonlyArray<WordPart> | undefined }
): Effect.Effect<string, ShellExit> =>
  body.parts === undefined
    ? Effect.succeed(body.text)
    : Effect.map(Effect.forEach(body.parts, (part) => piece(self, part)), (all) => all.map(textOf).join(""))
