// Type-checks what people copy: each `@example` of the doc comments in src, and each ```ts block of README.md and docs.
// A block of a page that imports nothing goes on where the block before it ended. `<!-- examples/NAME.ts -->` before a block
// says that it shows that file, without its head comment. (test/links.test.ts follows the links.)
import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const root = join(dirname(fileURLToPath(import.meta.url)), "..")
const filesBelow = (directory, ending) =>
  readdirSync(join(root, directory), { recursive: true })
    .filter((name) => name.endsWith(ending))
    .map((name) => join(directory, name))
    .sort()
const linesOf = (file) => readFileSync(join(root, file), "utf8").split("\n")

/** Programs as lists of `[number, text]`, so that errors are told with the lines of where they stand. */
const inComments = (file) => {
  const programs = []
  let program
  linesOf(file).forEach((line, index) => {
    const text = /^ \*(?: (.*))?$/.exec(line)
    if (text === null || /^@(?!example)/.test(text[1] ?? "")) program = undefined
    else if (text[1] === "@example") programs.push(program = [])
    else program?.push([index + 1, text[1] ?? ""])
  })
  return programs
}

const faults = []

const inPage = (file) => {
  const programs = []
  let block
  let shows
  linesOf(file).forEach((line, index) => {
    const said = /^<!-- (examples\/[\w/.-]+\.ts) -->$/.exec(line)
    if (block === undefined && said !== null) shows = { file: said[1], line: index + 1 }
    else if (block === undefined && line === "```ts") block = []
    else if (block !== undefined && line === "```") {
      const shown = block.map(([, text]) => text).join("\n")
      if (shows !== undefined && shown !== readFileSync(join(root, shows.file), "utf8").replace(/^\/\*\*.*?\*\/\n/s, "").trim()) {
        faults.push(`${file}:${shows.line} - the block below is not ${shows.file}`)
      }
      if (/^import /m.test(shown) || programs.length === 0) programs.push(block)
      else programs.at(-1).push(...block)
      block = shows = undefined
    } else if (block !== undefined) block.push([index + 1, line])
    else if (said === null && line !== "") shows = undefined
  })
  return programs
}

const pages = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", ...filesBelow("docs", ".md")]

const programs = [
  ...filesBelow("src", ".ts").map((file) => [file, inComments(file)]),
  ...pages.map((file) => [file, inPage(file)])
].flatMap(([file, found]) => found.map((lines) => ({ file, lines })))

mkdirSync(join(root, ".cache"), { recursive: true })
const directory = mkdtempSync(join(root, ".cache", "examples-"))
try {
  writeFileSync(
    join(directory, "tsconfig.json"),
    JSON.stringify({
      extends: "../../tsconfig.json",
      include: ["."]
    })
  )
  programs.forEach(({ lines }, index) => {
    const padded = []
    for (const [number, text] of lines) padded[number - 1] = text
    writeFileSync(join(directory, `${index}.ts`), Array.from(padded, (text) => text ?? "").join("\n"))
  })
  const tsc = spawnSync(join(root, "node_modules", ".bin", "tsc"), ["-p", directory, "--pretty", "false"], {
    cwd: directory,
    encoding: "utf8"
  })
  if (tsc.error !== undefined) throw tsc.error
  // A message goes on in indented lines. Those about src itself are for the check of src.
  const messages = tsc.stdout.split(/\n(?! )/).filter((message) => message !== "" && !message.startsWith("../"))
  for (const message of messages) {
    const [, index, line, said] = /^(\d+)\.ts\((\d+),\d+\): (.*)$/s.exec(message) ?? []
    const program = programs[Number(index)]
    const text = program?.lines.find(([number]) => number === Number(line))?.[1] ?? ""
    // An example may show how to make something, and end there. What it imports, it uses.
    if (program !== undefined && said.startsWith("error TS6133") && !text.startsWith("import ")) continue
    faults.push(program === undefined ? message : `${program.file}:${line} - ${said}`)
  }
  if (tsc.status !== 0 && tsc.stdout === "") faults.push(`tsc ended with ${tsc.status}: ${tsc.stderr}`)
} finally {
  rmSync(directory, { recursive: true })
}

for (const fault of faults) console.error(fault)
console.log(`${programs.length} examples checked`)
process.exitCode = faults.length === 0 && programs.length > 0 ? 0 : 1
