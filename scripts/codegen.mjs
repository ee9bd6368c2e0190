// Writes the barrels, the version and what is made from the commands: `node scripts/codegen.mjs`; with `--check` it only tells whether they are stale.
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

/** Each file is an engine of `lazycluster up`; its camelCase name is a word here. */
const engines = () => {
  const names = readdirSync(join(root, "src/cli/engines")).filter((file) => /^[a-z]\w*\.ts$/.test(file))
    .map((file) => basename(file, ".ts")).sort()
  return `/**\n * The engines of \`lazycluster up\`, a file each. Written by \`npm run codegen\`.\n *\n * @since 0.1.0\n */\nimport type { Engine } from "./Engine.ts"\n${
    names.map((name) => `import { engine as ${name} } from "./engines/${name}.ts"\n`).join("")
  }\n/**\n * All of them, by name.\n *\n * @since 0.1.0\n * @category engines\n */\nexport const engines: readonly [Engine, ...ReadonlyArray<Engine>] = [${
    names.join(", ")
  }]\n`
}

// What is made from the tree of commands. Where the sources are broken for the moment, the rest is written all the same.
const { tsImport } = await import("tsx/esm/api")
const ofCommands = await Promise.all(["Cli", "Reference"].map((name) => tsImport(`../src/cli/${name}.ts`, import.meta.url)))
  .then(([{ tree }, { page }]) => [
    [
      "src/cli/knownCommands.ts",
      [
        "// dprint-ignore-file",
        "/**\n * The commands as data, for what answers before they are loaded. Written by `npm run codegen`.\n *\n * @since 0.1.0\n */",
        "import type { CommandTree } from \"./CommandTree.ts\"\n",
        `/** @internal */\nexport const knownCommands: CommandTree = ${JSON.stringify(tree).replaceAll(",\"commands\":[{\"name\"", ",\"commands\":[\n{\"name\"").replaceAll("},{\"name\"", "},\n{\"name\"")}\n`
      ].join("\n")
    ],
    ["docs/guide/commands.md", page(tree)]
  ])
  .catch((error) => {
    console.error(`the tree of commands cannot be read: ${error.message}`)
    process.exitCode = 1
    return []
  })

const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))

const files = [
  ...ofCommands,
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
  ["src/cli/engines.ts", engines()],
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
  if (stale.length > 0) process.exitCode = 1
} else {
  for (const [file, text] of stale) writeFileSync(join(root, file), text)
}
