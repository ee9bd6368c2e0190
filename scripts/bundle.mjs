// Makes one file of what the command loads, Effect included: `npm run build` does it after tsc. The library stays as tsc wrote it.
import { build } from "esbuild"
import { readFileSync, rmSync, statSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const root = join(dirname(fileURLToPath(import.meta.url)), "..")
const { dependencies, peerDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))
// Those that are CommonJS, native, large, or found by path at run time; the rest is small or needed at once.
const bundled = (name) => /^(effect$|@effect\/|string-width$|smol-toml$|ssh-config$|unbash$)/.test(name)
const entry = join(root, "dist/cli/commandMain.js")

await build({
  entryPoints: [entry],
  // It stays in its folder: modules find their neighbours and programs/ from there.
  outdir: dirname(entry),
  allowOverwrite: true,
  bundle: true,
  splitting: true,
  chunkNames: "[name]-[hash]",
  format: "esm",
  platform: "node",
  target: "node20",
  minifySyntax: true,
  legalComments: "eof",
  external: Object.keys({ ...dependencies, ...peerDependencies }).filter((name) => !bundled(name)).flatMap((name) => [
    name,
    `${name}/*`
  ]),
  // Parts that are CommonJS ask for Node's modules.
  banner: { js: "import{createRequire as lazyclusterRequire}from\"node:module\";const require=lazyclusterRequire(import.meta.url);" },
  logLevel: "warning"
})
rmSync(`${entry}.map`, { force: true })
console.log(`dist/cli/commandMain.js: ${Math.round(statSync(entry).size / 1000)} kB`)
