import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { root } from "./built.ts"
import { call } from "./call.ts"
import * as Packed from "./Packed.ts"

const tool = (name: string) => path.join(root, "node_modules", ".bin", name)

const Imports = Schema.parseJson(Schema.Record({ key: Schema.String, value: Schema.String }))

const modulesBelow = (folder: string, ending: string) =>
  fs.readdirSync(path.join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(ending))
    .map((file) => file.slice(0, -ending.length))

layer(Packed.layer, { excludeTestServices: true, timeout: "4 minutes" })("the packed package", (it) => {
  it.effect("publint finds nothing to say", () =>
    Effect.gen(function*() {
      const { tarball } = yield* Packed.Packed
      const said = yield* call(path.dirname(tarball), [tool("publint"), "run", tarball, "--strict"])
      assert.strictEqual(said.code, 0, said.stdout + said.stderr)
      assert.include(said.stdout, "All good!")
    }))

  it.effect("attw finds the types of each entry", () =>
    Effect.gen(function*() {
      const { tarball } = yield* Packed.Packed
      const said = yield* call(path.dirname(tarball), [tool("attw"), tarball, "--profile", "esm-only"])
      assert.strictEqual(said.code, 0, said.stdout + said.stderr)
      assert.match(said.stdout, /"lazycluster\/testing"\n\nnode16 \(from ESM\): 🟢 \(ESM\)\nbundler: 🟢/u)
    }))

  it.effect("holds the build, its sources and what runs on hosts, and no tests", () =>
    Effect.gen(function*() {
      const { files, size, unpackedSize } = yield* Packed.Packed
      console.log(
        `${files.length} files, ${(size / 1e6).toFixed(1)} MB, ${(unpackedSize / 1e6).toFixed(1)} MB unpacked`
      )
      const kinds = new Set(files.map((file) => file.path.split("/")[0]))
      const top = ["CHANGELOG.md", "LICENSE", "README.md", "dist", "package.json", "programs", "src"]
      assert.deepStrictEqual([...kinds].sort(), top)
      const below = (folder: string, ending: string) =>
        files.map((file) => file.path)
          .filter((name) => name.startsWith(`${folder}/`) && name.endsWith(ending))
          .map((name) => name.slice(folder.length + 1, -ending.length))
          .sort()
      // A module that was taken away is not there any more, and none is missing.
      const modules = modulesBelow("src", ".ts").sort()
      for (const [folder, ending] of [["src", ".ts"], ["dist", ".d.ts"]] as const) {
        assert.deepStrictEqual(below(folder, ending), modules, `${folder}/**/*${ending}`)
      }
      // What the command loads is one file, and maps to none.
      const mapped = modules.filter((module) => module !== "cli/commandMain")
      assert.deepStrictEqual(below("dist", ".js.map"), mapped)
      assert.deepStrictEqual(files.filter((file) => /\.(test|sandbox|fleet)\.|\.tgz$/.test(file.path)), [])
      assert.isBelow(unpackedSize, 10e6)
      assert.strictEqual(files.find((file) => file.path === "dist/bin.js")?.mode, 0o755)
    }))

  it.effect("is installed without a word about peers or what is deprecated", () =>
    Effect.gen(function*() {
      const { installation } = yield* Packed.Packed
      assert.match(installation, /^added \d+ packages/m)
      assert.notMatch(installation, /deprecated|ERESOLVE|peer|EBADENGINE/i)
    }))

  it.effect("lets in every public module, and refuses what is internal", () =>
    Effect.gen(function*() {
      const { project } = yield* Packed.Packed
      const said = yield* call(project, [process.execPath, "imports.mjs"])
      assert.strictEqual(said.code, 0, said.stderr)
      const how = Object.entries(yield* Schema.decode(Imports)(said.stdout))
      const named = (result: string) => how.filter(([, is]) => is === result).map(([name]) => name)
      const internal = /^lazycluster\/(bin|index|testing\/index|(cli|internal|testing\/internal)\/.*)$/
      assert.deepStrictEqual(named("imported"), how.map(([name]) => name).filter((name) => !internal.test(name)))
      assert.deepStrictEqual(
        named("ERR_PACKAGE_PATH_NOT_EXPORTED"),
        how.map(([name]) => name).filter((name) => internal.test(name))
      )
      assert.isAbove(named("ERR_PACKAGE_PATH_NOT_EXPORTED").length, 100)
    }))

  /** What the barrels name, under the path of its file. */
  const publicModules = modulesBelow("src", ".ts")
    .filter((module) => /(^|\/)[A-Z]\w*$/.test(module) && !/^cli\/|internal\//.test(module))

  it.effect("types check under NodeNext and Bundler, with exact optional properties and without", () =>
    Effect.gen(function*() {
      const { project } = yield* Packed.Packed
      const each = publicModules.map((module, index) => `export * as M${index} from "lazycluster/${module}"\n`)
      yield* Effect.sync(() => fs.writeFileSync(path.join(project, "modules.ts"), each.join("")))
      for (const [module, moduleResolution] of [["NodeNext", "NodeNext"], ["ESNext", "Bundler"]]) {
        for (const exactOptionalPropertyTypes of [true, false]) {
          const given = `${moduleResolution}, exactOptionalPropertyTypes ${exactOptionalPropertyTypes}`
          yield* Effect.sync(() =>
            fs.writeFileSync(
              path.join(project, "tsconfig.json"),
              JSON.stringify({
                compilerOptions: {
                  target: "ES2022",
                  types: ["node"],
                  module,
                  moduleResolution,
                  strict: true,
                  exactOptionalPropertyTypes,
                  skipLibCheck: false,
                  noEmit: true
                },
                files: ["program.ts", "modules.ts"]
              })
            )
          )
          const said = yield* call(project, [tool("tsc"), "-p", ".", "--pretty", "false"])
          assert.strictEqual(said.stdout, "", given)
          assert.strictEqual(said.code, 0, given)
        }
      }
    }))

  it.effect(`npx lazycluster demo works there, under Node ${Packed.oldestNode}`, () =>
    Effect.gen(function*() {
      const { home, project } = yield* Packed.Packed
      const npx = (...words: ReadonlyArray<string>) =>
        call(project, ["npx", ...words], {
          HOME: home,
          XDG_CACHE_HOME: process.env["XDG_CACHE_HOME"] ?? path.join(os.homedir(), ".cache"),
          npm_config_offline: "true"
        })
      const node = yield* npx("node", "--version")
      assert.strictEqual(node.stdout.trim(), `v${Packed.oldestNode}`)
      const version = yield* npx("lazycluster", "--version")
      assert.deepStrictEqual([version.stdout.trim(), version.code], [Packed.version, 0], version.stderr)
      const demo = yield* npx("lazycluster", "demo", "--workers", "2")
      assert.strictEqual(demo.code, 0, demo.stderr)
      assert.include(demo.stdout, "\nResult: -285\n")
      assert.match(demo.stdout, /\nNothing left behind\.\n$/)
    }))
})
