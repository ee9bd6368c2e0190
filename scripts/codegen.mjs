// Writes the barrels and the version: `node scripts/codegen.mjs`; with `--check` it only tells whether they are stale.
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { basename, dirname, join, relative } from "node:path"
import { fileURLToPath } from "node:url"

const root = join(dirname(fileURLToPath(import.meta.url)), "..")
const modules = (folder) =>
  readdirSync(join(root, folder))
    .filter((file) => /^[A-Z]\w*\.ts$/.test(file))
    .map((file) => join(folder, file))

/** The sentence that a module begins with stands over its export. */
const sentence = (file) => /^\/\*\*\n((?: \*.*\n)*?) \*\n \* @since/.exec(readFileSync(join(root, file), "utf8"))?.[1] ?? ""

const barrel = (file, about, folders) => {
  const all = folders.flatMap(modules).map((path) => ({ path, name: basename(path, ".ts") }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
  const twice = all.find(({ name }, index) => all[index + 1]?.name === name)
  if (twice !== undefined) throw new Error(`two public modules are named ${twice.name}`)
  const exports = all.map(({ name, path }) =>
    `/**\n${sentence(path)} *\n * @since 0.1.0\n */\nexport * as ${name} from "./${relative(join(root, dirname(file)), join(root, path))}"\n`
  )
  return [file, `/**\n * ${about}\n *\n * @since 0.1.0\n */\n\n${exports.join("\n")}`]
}

const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))

const files = [
  barrel("src/index.ts", "Every public module under its name. Written by `npm run codegen`.", [
    "src",
    "src/services",
    "src/tasks",
    "src/runtimes",
    "src/clusters"
  ]),
  barrel("src/testing/index.ts", "What tests of programs on this package need. Written by `npm run codegen`.", [
    "src/testing"
  ]),
  [
    "src/internal/packageVersion.ts",
    `/**\n * The version in package.json. Written by \`npm run codegen\`.\n *\n * @since 0.1.0\n */\n\n/** @internal */\nexport const packageVersion = "${version}"\n`
  ]
]

const read = (file) => {
  try {
    return readFileSync(join(root, file), "utf8")
  } catch {
    return ""
  }
}
const stale = files.filter(([file, text]) => read(file) !== text)
if (process.argv.includes("--check")) {
  for (const [file] of stale) console.error(`${file} is stale: npm run codegen`)
  process.exitCode = stale.length === 0 ? 0 : 1
} else {
  for (const [file, text] of stale) writeFileSync(join(root, file), text)
}
