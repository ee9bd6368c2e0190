/** The package as it is published, and an empty project that has installed it. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as fs from "node:fs"
import * as path from "node:path"
import * as built from "./built.ts"

const Manifest = Schema.parseJson(
  Schema.Struct({
    version: Schema.String,
    engines: Schema.Struct({ node: Schema.TemplateLiteral(">=", Schema.String) })
  })
)

const { engines, version } = Schema.decodeUnknownSync(Manifest)(
  fs.readFileSync(path.join(built.root, "package.json"), "utf8")
)

export { version }

/** The first Node that the package says it runs under. */
export const oldestNode = `${engines.node.slice(2)}.0`

export class Packed extends Context.Tag("lazycluster/test/Packed")<Packed, {
  readonly tarball: string
  /** Of the tarball, in bytes. */
  readonly size: number
  readonly unpackedSize: number
  readonly files: Effect.Effect.Success<typeof built.tarball>["files"]
  /** What npm said when the package was installed. */
  readonly installation: string
  readonly project: string
  /** `HOME` of whoever uses it. */
  readonly home: string
}>() {}

/** Packs, and installs that in an empty project, which has the types of Node besides, and the oldest Node that will do. */
export const layer = Layer.scoped(
  Packed,
  Effect.gen(function*() {
    const packed = yield* built.tarball
    const project = path.join(packed.directory, "project")
    const home = path.join(packed.directory, "home")
    yield* Effect.sync(() => {
      fs.mkdirSync(home)
      fs.cpSync(path.join(import.meta.dirname, "consumer"), project, { recursive: true })
      fs.writeFileSync(path.join(project, "package.json"), `{ "name": "consumer", "private": true, "type": "module" }`)
    })
    const { stderr, stdout } = yield* built.must(
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
