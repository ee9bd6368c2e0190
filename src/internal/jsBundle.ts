/**
 * Modules of the user's project as one text that a host's Node runs: esbuild, on the manager.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import type { BuildFailure, Message } from "esbuild"
import { stat } from "node:fs/promises"
import { extname, resolve } from "node:path"
import { fileURLToPath } from "node:url"

/** @internal */
export interface Bundle {
  /** An ES module that exports what its entry says: `lazyclusterFunction`, or `lazyclusterWorker`. */
  readonly code: string
  /** Leads from it to the user's files, as seen from the current directory. */
  readonly map: string
}

/** @internal */
export interface Refused {
  readonly detail: string
  readonly hint: string | undefined
}

interface Kept extends Bundle {
  /** What was read, and when that was changed last. */
  readonly inputs: ReadonlyArray<readonly [path: string, stamp: string]>
}

/**
 * Bundles an export of a module.
 *
 * @internal
 */
export type Bundler = (module: string, name: string) => Effect.Effect<Bundle, Refused>

/** The oldest Node that hosts may have. */
const target = "node18"
const mostBundles = 64

const hintOf = (text: string): string | undefined =>
  text.includes(".node\"")
    ? "a native addon runs on the machine that it was made for: keep the function in a module that does not import it"
    : text.startsWith("Could not resolve")
    ? "paths are relative to the directory in which this program runs; a package must be installed in this project"
    : text.startsWith("No matching export")
    ? "name an export of the module"
    : undefined

const isMessage = (u: unknown): u is Message =>
  typeof u === "object" && u !== null && "text" in u && typeof u.text === "string"

const refused = (cause: unknown): Refused => {
  const errors: BuildFailure["errors"] | [] = typeof cause === "object" && cause !== null && "errors" in cause &&
      Array.isArray(cause.errors)
    ? cause.errors.filter(isMessage)
    : []
  const [first] = errors
  return first === undefined ? { detail: String(cause), hint: undefined } : {
    detail: errors.slice(0, 5).map(({ location, text }) =>
      location === null || location.file === "<stdin>" ? text : `${location.file}:${location.line}: ${text}`
    ).join("; "),
    hint: hintOf(first.text)
  }
}

const stamp = (path: string): Effect.Effect<string> =>
  Effect.promise(() =>
    stat(path, { bigint: true }).then(({ ino, mtimeNs, size }) => `${ino} ${mtimeNs} ${size}`, () => "gone")
  )

const stamps = (paths: ReadonlyArray<string>) =>
  Effect.forEach(paths, (path) => Effect.map(stamp(path), (now) => [path, now] as const), { concurrency: 16 })

const isFresh = (kept: Kept): Effect.Effect<boolean> =>
  Effect.map(
    stamps(kept.inputs.map(([path]) => path)),
    (now) => now.every(([, stamp], index) => stamp === kept.inputs[index]?.[1])
  )

/** The text of a module that stands before the user's: it has the path of that one, and the name that the bundler was given. */
type Entry = (path: string, name: string) => string

const functionEntry: Entry = (path, name) =>
  `export { ${JSON.stringify(name)} as lazyclusterFunction } from ${JSON.stringify(path)}`

/** In this folder, with this file's ending: of the sources, or of the package, where the command's bundle stands beside the folder. */
const main = fileURLToPath(new URL(`../internal/workerMain${extname(import.meta.url)}`, import.meta.url))

const workerEntry: Entry = (path, name) =>
  `import { run } from ${JSON.stringify(main)}
import { group, ${JSON.stringify(name)} as layer } from ${JSON.stringify(path)}
export const lazyclusterWorker = (io) => run({ group, layer }, io)`

const build = Effect.fnUntraced(function*(entry: Entry, module: string, name: string): Effect.fn.Return<Kept, Refused> {
  const from = process.cwd()
  const path = module.startsWith("file:")
    ? yield* Effect.try({ try: () => fileURLToPath(module), catch: refused })
    : resolve(from, module)
  // Only who calls such a function waits for it to load.
  const esbuild = yield* Effect.promise(() => import("esbuild"))
  const { metafile, outputFiles } = yield* Effect.tryPromise({
    try: () =>
      esbuild.build({
        stdin: {
          contents: entry(path, name),
          resolveDir: from
        },
        absWorkingDir: from,
        outfile: resolve(from, "lazycluster-bundle.mjs"),
        write: false,
        bundle: true,
        platform: "node",
        format: "esm",
        target,
        // Classes of errors are told by their names.
        keepNames: true,
        sourcemap: "external",
        sourcesContent: false,
        metafile: true,
        logLevel: "silent",
        define: { "import.meta.url": "lazyclusterUrl" }
      }),
    catch: refused
  })
  const text = (ending: string) => outputFiles.find(({ path }) => path.endsWith(ending))?.text ?? ""
  const files = Object.keys(metafile.inputs).filter((file) => file !== "<stdin>").map((file) => resolve(from, file))
  return { code: text(".mjs"), map: text(".map"), inputs: yield* stamps(files) }
})

/**
 * A bundler that keeps what it made for as long as the files that it read stay as they are.
 *
 * @internal
 */
export const make: Effect.Effect<Bundler> = Effect.sync(() => unsafeMake(functionEntry))

/**
 * The same for workers: what is bundled exports `lazyclusterWorker`, which serves the `group` of the module with the layer
 * of that name. Each description of a worker has one.
 *
 * @internal
 */
export const unsafeMakeWorkers = (): Bundler => unsafeMake(workerEntry)

const unsafeMake = (entry: Entry): Bundler => {
  const all = Ref.unsafeMake<ReadonlyMap<string, Kept>>(new Map())
  // Many hosts ask for one bundle at once.
  const one = Effect.unsafeMakeSemaphore(1)
  return (module, name) =>
    one.withPermits(1)(Effect.gen(function*() {
      const key = [process.cwd(), module, name].join("\0")
      const kept = (yield* Ref.get(all)).get(key)
      if (kept !== undefined && (yield* isFresh(kept))) return kept
      const made = yield* build(entry, module, name)
      yield* Ref.update(all, (before) => {
        const others = [...before].filter(([other]) => other !== key)
        return new Map<string, Kept>([...others.slice(1 - mostBundles), [key, made]])
      })
      return made
    }))
}
