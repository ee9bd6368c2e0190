/** The command line as a user runs it in a terminal: what is shown, what is typed. */
import * as Effect from "effect/Effect"
import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"

const file = (name: string) => fileURLToPath(new URL(name, import.meta.url))

/** Waits for a pattern, then types a text, or gives the terminal so many rows and columns. */
export type Step = readonly [pattern: string, text: string] | readonly [pattern: string, rows: number, columns: number]

/** Runs `lazycluster …words` in a terminal of 80 columns: its exit code, and all that it showed. */
export const inTerminal = (steps: ReadonlyArray<Step>, ...words: ReadonlyArray<string>) =>
  Effect.async<{ readonly code: number; readonly shown: string }>((resume) => {
    const bin = ["--import", "tsx", file("../../src/bin.ts"), ...words]
    const env = { ...process.env, TERM: "xterm", NO_COLOR: "1" }
    const child = execFile(
      "python3",
      [file("terminal.py"), JSON.stringify(steps), process.execPath, ...bin],
      { env, cwd: file("../.."), timeout: 200_000 },
      (error, shown) => resume(Effect.succeed({ code: error === null ? 0 : Number(error.code ?? -1), shown }))
    )
    child.stdin?.end()
    return Effect.sync(() => child.kill("SIGKILL"))
  })
