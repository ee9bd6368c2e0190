/** The package built from this checkout, in a folder of its own: another build may be under way here. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as fs from "node:fs"
import * as path from "node:path"
import { temporaryDirectory } from "../temporaryDirectory.ts"
import { call } from "./call.ts"

export const root = path.join(import.meta.dirname, "..", "..")

/** All that a build and a package take, and what the pages show. */
const sources = [
  "package.json",
  "tsconfig.json",
  "tsconfig.build.json",
  "src",
  "programs",
  "scripts",
  "examples",
  "README.md",
  "LICENSE",
  "CHANGELOG.md"
]

const copied = (directory: string) => {
  fs.mkdirSync(directory)
  for (const name of sources) {
    fs.cpSync(path.join(root, name), path.join(directory, name), {
      recursive: true,
      filter: (file) => path.basename(file) !== "node_modules"
    })
  }
  fs.symlinkSync(path.join(root, "node_modules"), path.join(directory, "node_modules"))
}

/** Does it, or dies of what it said. */
export const must = (cwd: string, ...argv: readonly [string, ...Array<string>]) =>
  Effect.flatMap(call(cwd, argv), (called) =>
    called.code === 0
      ? Effect.succeed(called)
      : Effect.dieMessage(`${argv.join(" ")}: ${called.code}\n${called.stdout}${called.stderr}`))

/** The checkout's sources in a directory of the scope. */
export const sourcesAlone = Effect.tap(
  Effect.map(temporaryDirectory, (directory) => path.join(directory, "checkout")),
  (checkout) => Effect.sync(() => copied(checkout))
)

/** `npm run build`; gives the path of the command. */
export const command = Effect.gen(function*() {
  const checkout = yield* sourcesAlone
  yield* must(checkout, "npm", "run", "build")
  return path.join(checkout, "dist", "bin.js")
})

const Packages = Schema.parseJson(Schema.Tuple(Schema.Struct({
  filename: Schema.String,
  size: Schema.Number,
  unpackedSize: Schema.Number,
  files: Schema.Array(Schema.Struct({ path: Schema.String, size: Schema.Number, mode: Schema.Number }))
})))

/** `npm pack`, which builds. */
export const tarball = Effect.gen(function*() {
  const checkout = yield* sourcesAlone
  const directory = path.dirname(checkout)
  const { stdout } = yield* must(checkout, "npm", "pack", "--json", "--pack-destination", directory)
  // The build may have said something before.
  const [packed] = yield* Schema.decode(Packages)(stdout.slice(Math.max(0, stdout.search(/^\[$/m)))).pipe(
    Effect.orDieWith(() => new Error(stdout))
  )
  return { ...packed, directory, tarball: path.join(directory, packed.filename) }
})
