// Runs one JavaScript function for a step of a task. The boot gives the words, [NONCE], and what followed this program on
// standard input: {"code": {"name", "bundle", "map"}, "args": {...}}. The bundle is one ES module whose export is the
// function; the map leads from it to the files of the user. Reports and the answer are framed as in function.py.
// Stacks are shown as traces.mjs says, which stands in front.
import { writeSync } from "node:fs"
import { createRequire } from "node:module"
import { pathToFileURL } from "node:url"
import { inspect } from "node:util"

const longestPart = 3584
const longestReport = 1048576
const longestText = 65536

class Refused extends Error {
  constructor(kind, message) {
    super(message)
    this.kind = kind
  }
}

const asUrl = (source) => `data:text/javascript;base64,${Buffer.from(source).toString("base64")}`

const writeWhole = (bytes) => {
  let at = 0
  while (at < bytes.length) {
    try {
      at += writeSync(1, bytes, at)
    } catch (error) {
      if (error.code !== "EAGAIN") throw error
      // The reader is slow; nothing else of this process is to run between.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
    }
  }
}

const framer = (nonce) => (kind, text) => {
  const data = Buffer.from(text)
  for (let at = 0; at === 0 || at < data.length; at += longestPart) {
    const part = data.subarray(at, at + longestPart)
    const said = at + longestPart >= data.length ? kind.toUpperCase() : kind
    writeWhole(Buffer.concat([Buffer.from(`\0lazycluster ${nonce} ${said} ${process.pid} ${part.length}\n`), part]))
  }
}

const problem = (value, path) => {
  switch (typeof value) {
    case "string":
    case "boolean":
      return undefined
    case "number":
      return Number.isFinite(value) ? undefined : `${path} is ${value}`
    case "object":
      break
    default:
      return `${path} is ${value === undefined ? "undefined" : `a ${typeof value}`}`
  }
  if (value === null) return undefined
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      const found = problem(value[index], `${path}[${index}]`)
      if (found !== undefined) return found
    }
    return undefined
  }
  if (ArrayBuffer.isView(value) && typeof value.length === "number" && !Buffer.isBuffer(value)) {
    return problem(Array.from(value), path)
  }
  if (value instanceof Date) return problem(value.toJSON(), path)
  const prototype = Object.getPrototypeOf(value)
  if (prototype !== null && prototype !== Object.prototype) return `${path} is a ${value.constructor?.name ?? "class"}`
  for (const [key, item] of Object.entries(value)) {
    const found = item === undefined ? undefined : problem(item, `${path}.${key}`)
    if (found !== undefined) return found
  }
  return undefined
}

const listOf = (key, value) => ArrayBuffer.isView(value) ? Array.from(value) : value

const toText = (value, path) => {
  if (value === undefined) return "null"
  let found
  try {
    found = problem(value, path)
  } catch {
    found = `${path} is nested too deeply`
  }
  if (found !== undefined) throw new Refused("Result", `${found}, which JSON cannot say`)
  return JSON.stringify(value, listOf)
}

const cut = (text) => text.slice(0, longestText)

const told = (make) => {
  try {
    return cut(String(make()))
  } catch {
    return "(an error whose text cannot be made)"
  }
}

const report = (name, error) => {
  const isError = error instanceof Error
  return JSON.stringify({
    error: {
      kind: error instanceof Refused ? error.kind : "Raised",
      function: name,
      type: error instanceof Refused ? "" : isError ? told(() => error.name) : typeof error,
      message: told(() => isError ? error.message : inspect(error)),
      traceback: error instanceof Refused || !isError ? "" : told(() => inspect(error, { depth: 4 }))
    }
  })
}

const flushed = (stream) => new Promise((resolve) => stream.write("", () => resolve()))

export default async ([nonce], rest) => {
  const { args, code } = JSON.parse(rest.toString("utf8"))
  const write = framer(nonce)
  let answered = false
  const answer = async (text, exitCode) => {
    if (answered) return
    answered = true
    await flushed(process.stdout)
    await flushed(process.stderr)
    write("a", text)
    process.exit(exitCode)
  }
  const failed = (error) => answer(report(code.name, error), 1)
  process.on("uncaughtException", failed)
  process.on("unhandledRejection", failed)
  process.on("beforeExit", () => {
    if (!answered) failed(new Error("its promise is never settled: nothing is left to wait for"))
  })
  // What bundles of CommonJS modules look for.
  const here = `${process.cwd()}/${bundleName}`
  globalThis.lazyclusterUrl = pathToFileURL(here).href
  globalThis.require = createRequire(here)
  globalThis.__filename = here
  globalThis.__dirname = process.cwd()
  useMap(code.map)
  const context = {
    report: (value) => {
      let text
      try {
        text = toText(value, "report")
      } catch (error) {
        throw new TypeError(error.message)
      }
      if (text.length > longestReport) throw new RangeError(`a report of ${text.length} characters is too long`)
      write("p", text)
    }
  }
  try {
    const module = await import(asUrl(`${code.bundle}\n//# sourceURL=${bundleName}`))
    const f = module.lazyclusterFunction
    if (typeof f !== "function") throw new Refused("Source", `${code.name} is a ${typeof f}, not a function`)
    const text = toText(await f(args, context), "result")
    await answer(`{"value":${text}}`, 0)
  } catch (error) {
    await failed(error)
  }
}
