// What a command prints in a terminal of its own, with the times at which it does: as asciicast v2.
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const quoted = (word) => `'${word.replaceAll("'", "'\\''")}'`

/** By `script` of util-linux: its terminal has no size until `stty` gives it one. `keys` are pressed a while after `after` is seen. */
export const record = async ({ columns, command, keys, limit, rows, title }) => {
  const directory = mkdtempSync(join(tmpdir(), "lazycluster-record-"))
  try {
    const [output, timing] = ["output", "timing"].map((name) => join(directory, name))
    const inside = `stty cols ${columns} rows ${rows}; exec ${command.map(quoted).join(" ")}`
    const { NO_COLOR: _, ...environment } = process.env
    const script = spawn(
      "script",
      ["--quiet", "--return", "--flush", "--log-timing", timing, "--log-out", output, "--command", inside],
      { env: { ...environment, TERM: "xterm-256color" }, stdio: ["pipe", "pipe", "inherit"], timeout: limit }
    )
    let seen = ""
    let pressed = keys === undefined
    script.stdout.setEncoding("utf8").on("data", (text) => {
      seen += text
      if (pressed || !seen.includes(keys.after)) return
      pressed = true
      setTimeout(() => script.stdin.write(keys.press), keys.delay)
    })
    const [status] = await once(script, "close")
    if (status !== (keys?.status ?? 0)) throw new Error(`${title} ended with ${status}:\n${seen}`)
    return {
      header: { version: 2, width: columns, height: rows, title },
      events: read(readFileSync(output), readFileSync(timing, "utf8"))
    }
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** `script` writes a line of its own first; the times are for what comes after it. */
const read = (output, timing) => {
  const decoder = new TextDecoder()
  let at = output.indexOf("\n") + 1
  let time = 0
  return timing.trim().split("\n").map((line) => {
    const [delay, count] = line.split(" ").slice(-2).map(Number)
    const text = decoder.decode(output.subarray(at, at += count), { stream: true })
    return [Number((time += delay).toFixed(3)), "o", text]
  })
}

export const print = ({ events, header }) => [header, ...events].map((line) => JSON.stringify(line)).join("\n") + "\n"

export const parse = (text) => {
  const [header, ...events] = text.trim().split("\n").map((line) => JSON.parse(line))
  return { header, events }
}
