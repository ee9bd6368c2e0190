// Stacks of errors as their authors know them: put in front of the programs that run a bundle of the user's.
import { SourceMap } from "node:module"

const bundleName = "lazycluster-bundle.mjs"

/** From a bundle by a source map to the user's files and lines; sources that `left` finds are left out. */
const useMap = (text, left) => {
  const map = new SourceMap(JSON.parse(text))
  const show = (frame) => {
    const line = frame.getLineNumber()
    const column = frame.getColumnNumber()
    const entry = map.findEntry(line - 1, column - 1)
    if (entry.originalSource === undefined || left?.test(entry.originalSource)) return []
    const place = `${entry.originalSource}:${entry.originalLine + 1}:${entry.originalColumn + 1}`
    return String(frame).replace(`${bundleName}:${line}:${column}`, place).replace("Module.", "")
  }
  Error.prepareStackTrace = (error, frames) => {
    let head
    try {
      head = String(error)
    } catch {
      head = "(an error whose text cannot be made)"
    }
    const lines = frames.flatMap((frame) => {
      const file = frame.getScriptNameOrSourceURL() ?? ""
      if (file === bundleName) return show(frame)
      return file.startsWith("data:") || file.startsWith("node:internal/") || file === "" ? [] : String(frame)
    })
    return [head, ...lines.map((line) => `    at ${line}`)].join("\n")
  }
}
