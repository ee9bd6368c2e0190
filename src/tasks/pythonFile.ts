/**
 * Python files of the manager, read to travel with a function.
 *
 * @since 0.1.0
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"

/**
 * Why a file cannot be used.
 *
 * @internal
 */
export interface Fault {
  readonly in: "file" | "requirements"
  readonly detail: string
  readonly hint: string
}

/** @internal */
export interface Module {
  readonly file: string
  readonly source: string
}

const text = (file: string, of: Fault["in"]): Effect.Effect<string, Fault, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readFileString(file)).pipe(
    Effect.map((source) => source.replace(/^\uFEFF/, "").replaceAll("\r\n", "\n")),
    Effect.mapError((cause): Fault => ({
      in: of,
      detail: `${file}: ${cause.message}`,
      hint: "paths are relative to the directory in which this program runs"
    }))
  )

const statement = /^[ \t]*(?:from[ \t]+(\w+)[ \t.]|import[ \t]+([\w., \t]+))/gm

const imported = (source: string): ReadonlyArray<string> =>
  [...source.matchAll(statement)].flatMap(([, from, list = ""]) =>
    from === undefined ? list.split(",").map((one) => one.trim().split(/[ \t.]/)[0] ?? "") : [from]
  ).filter((name) => /^\w+$/.test(name))

/**
 * A file, and the modules beside it that it imports, with those that they import.
 *
 * @internal
 */
export const read = Effect.fnUntraced(function*(
  file: string
): Effect.fn.Return<
  { readonly source: string; readonly modules: Readonly<Record<string, Module>> },
  Fault,
  FileSystem.FileSystem | Path.Path
> {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const source = yield* text(file, "file")
  const modules = new Map<string, Module>()
  const open = [...imported(source)]
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const beside = path.join(path.dirname(file), `${name}.py`)
    const known = modules.has(name) || path.resolve(beside) === path.resolve(file)
    if (known || !(yield* Effect.orElseSucceed(fs.exists(beside), () => false))) continue
    const found = yield* text(beside, "file")
    modules.set(name, { file: beside, source: found })
    open.push(...imported(found))
  }
  return { source, modules: Object.fromEntries(modules) }
})

/**
 * The packages of a requirements file.
 *
 * @internal
 */
export const requirements = (file: string): Effect.Effect<ReadonlyArray<string>, Fault, FileSystem.FileSystem> =>
  Effect.map(
    text(file, "requirements"),
    (lines) => lines.split("\n").map((line) => line.replace(/(^|\s)#.*$/, "").trim()).filter((line) => line !== "")
  )
