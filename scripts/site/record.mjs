// Records commands in a terminal, and draws what they printed: `npm run record`, or `npm run record demo`. `--draw` draws the recordings anew, and
// `--check` tells whether the drawings are those of the recordings.
import { readFileSync, writeFileSync } from "node:fs"
import { dirname, join, relative } from "node:path"
import { fileURLToPath } from "node:url"
import { parse, print, record } from "./cast.mjs"
import { render } from "./svg.mjs"

const root = join(dirname(fileURLToPath(import.meta.url)), "../..")

const recordings = [
  { name: "demo", title: "npx lazycluster demo", arguments: ["demo"], columns: 126, rows: 34 },
  {
    name: "up",
    title: "npx lazycluster up dask --sandbox 3",
    arguments: ["up", "dask", "--sandbox", "3"],
    columns: 126,
    rows: 34,
    // Ctrl-C, when the cluster has been up for a while.
    keys: { after: "Ctrl-C", delay: 5000, press: "\u0003", status: 130 }
  }
]

const only = process.argv.slice(2).filter((word) => !word.startsWith("--"))

const largest = 300_000
const lazycluster = ["node", "--import", "tsx", join(root, "src/bin.ts")]
const has = (flag) => process.argv.includes(flag)
const faults = []

for (const recording of recordings.filter(({ name }) => only.length === 0 || only.includes(name))) {
  const [castFile, svgFile] = ["cast", "svg"].map((ending) => join(root, "docs", `${recording.name}.${ending}`))
  if (!has("--draw") && !has("--check")) {
    writeFileSync(
      castFile,
      print(await record({ ...recording, command: [...lazycluster, ...recording.arguments], limit: 300_000 }))
    )
  }
  const svg = await render(parse(readFileSync(castFile, "utf8")))
  if (svg.length > largest) faults.push(`${relative(root, svgFile)} has ${svg.length} bytes`)
  if (!has("--check")) writeFileSync(svgFile, svg)
  else if (readFileSync(svgFile, "utf8") !== svg) {
    faults.push(`${relative(root, svgFile)} is not its recording: npm run record`)
  }
  console.log(`${relative(root, svgFile)}: ${svg.length} bytes`)
}

for (const fault of faults) console.error(fault)
process.exitCode = faults.length === 0 ? 0 : 1
