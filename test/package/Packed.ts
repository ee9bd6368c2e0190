/** The package as it is published, and an empty project that has installed it. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as fs from "node:fs"
import * as path from "node:path"
import { temporaryDirectory } from "../temporaryDirectory.ts"
import { call } from "./call.ts"

export const root = path.join(import.meta.dirname, "..", "..")

const Manifest = Schema.parseJson(
  Schema.Struct({
    version: Schema.String,
    engines: Schema.Struct({ node: Schema.TemplateLiteral(">=", Schema.String) })
  })
)

const { engines, version } = Schema.decodeUnknownSync(Manifest)(
  fs.readFileSync(path.join(root, "package.json"), "utf8")
)

export { version }

/** The first Node that the package says it runs under. */
export const oldestNode = `${engines.node.slice(2)}.0`

const Entry = Schema.Struct({ path: Schema.String, size: Schema.Number, mode: Schema.Number })

const Packages = Schema.parseJson(Schema.Tuple(Schema.Struct({
  filename: Schema.String,
  size: Schema.Number,
  unpackedSize: Schema.Number,
  files: Schema.Array(Entry)
})))

export class Packed extends Context.Tag("lazycluster/test/Packed")<Packed, {
  readonly tarball: string
  /** Of the tarball, in bytes. */
  readonly size: number
  readonly unpackedSize: number
  readonly files: ReadonlyArray<typeof Entry.Type>
  /** What npm said when the package was installed. */
  readonly installation: string
  readonly project: string
  /** What `.` is for the programs of the project. */
  readonly home: string
}>() {}

/** All that a build may take. A checkout has more, and another build may be under way in it. */
const sources = ["package.json", "tsconfig.json", "tsconfig.build.json", "src", "programs", "scripts", "README.md"]

const copied = (directory: string) => {
  fs.mkdirSync(directory)
  for (const name of [...sources, "LICENSE", "CHANGELOG.md"]) {
    fs.cpSync(path.join(root, name), path.join(directory, name), {
      recursive: true,
      filter: (file) => path.basename(file) !== "node_modules"
    })
  }
  fs.symlinkSync(path.join(root, "node_modules"), path.join(directory, "node_modules"))
}

/** Does it, or dies of what it said. */
const must = (cwd: string, ...argv: readonly [string, ...Array<string>]) =>
  Effect.flatMap(call(cwd, argv), (called) =>
    called.code === 0
      ? Effect.succeed(called)
      : Effect.dieMessage(`${argv.join(" ")}: ${called.code}\n${called.stdout}${called.stderr}`))

/** Packs, and no more. */
export const pack = Effect.gen(function*() {
  const directory = yield* temporaryDirectory
  const checkout = path.join(directory, "checkout")
  yield* Effect.sync(() => copied(checkout))
  const { stdout } = yield* must(checkout, "npm", "pack", "--json", "--pack-destination", directory)
  const [packed] = yield* Schema.decode(Packages)(stdout).pipe(Effect.orDieWith(() => new Error(stdout)))
  return { ...packed, directory, tarball: path.join(directory, packed.filename) }
})

/** Packs, and installs that in an empty project, which has the types of Node besides, and the oldest Node that will do. */
export const layer = Layer.scoped(
  Packed,
  Effect.gen(function*() {
    const packed = yield* pack
    const project = path.join(packed.directory, "project")
    const home = path.join(packed.directory, "home")
    yield* Effect.sync(() => {
      fs.mkdirSync(home)
      fs.cpSync(path.join(import.meta.dirname, "consumer"), project, { recursive: true })
      fs.writeFileSync(path.join(project, "package.json"), `{ "name": "consumer", "private": true, "type": "module" }`)
    })
    const { stderr, stdout } = yield* must(
      project,
      "npm",
      "install",
      "--prefer-offline",
      "--no-audit",
      "--no-fund",
      packed.tarball,
      "@types/node@^20",
      // Its `node` is the one that npx finds there.
      `node-${process.platform}-${process.arch}@${oldestNode}`
    )
    return { ...packed, project, home, installation: stdout + stderr }
  })
)
