/** A screen without what differs between two runs of the same command: times, sizes, ports, names drawn by chance. */
import { packageVersion } from "../../src/internal/packageVersion.ts"

const masks: ReadonlyArray<readonly [RegExp, string]> = [
  [/\b\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+Z)?/g, "TIME"],
  [/_\d{14}\b/g, "_TIME"],
  [/\/\S*\/lazycluster-sandbox-\w+/g, "SANDBOX"],
  [/\/\S*\/lazycluster-cli-\w+/g, "HOME"],
  [/\blazycluster-[a-z0-9]{12}\.\w{6}/g, "lazycluster-ID"],
  [/\/\S*\/lazycluster\/environments\/[\w.-]+/g, "ENVIRONMENT"],
  [/\b127\.0\.0\.1:\d+/g, "127.0.0.1:PORT"],
  [/\b\d+(\.\d+)? ?(ms|s|B|kB|KiB|MB|MiB|GB|GiB)\b(\/s)?/g, "N $2$3"],
  [/\b\d+ bytes\b/g, "N bytes"],
  [/\b\d+(\.\d+)? cores?\b/g, "N cores"],
  [/(--memory-limit|--nthreads) \d+/g, "$1 N"],
  [/\bcp3\d+\b|\bPython 3\.\d+(\.\d+)?/g, "PYTHON"],
  [new RegExp(`\\b${packageVersion.replaceAll(".", "\\.")}\\b`, "g"), "VERSION"]
]

/** How long a step took decides whether it is told at all. */
const isStep = (line: string) => /\b(done|failed) in \d| \.\.\.$/.test(line)

/** Who was dealt which call. */
const isShare = /^( +worker-\d +host-\d).*$/

export const masked = (screen: string): string =>
  screen.split("\n").filter((line) => !isStep(line)).map((line) => {
    const told = masks.reduce((text, [what, as]) => text.replace(what, as), line.replace(isShare, "$1 N N N"))
    // Columns are as wide as what was masked.
    return told === line ? line : told.replaceAll(/(?<=\S) {2,}/g, "  ")
  }).join("\n")

/** What is told of a machine, without what it is on this one. */
export const facts = (screen: string): string => masked(screen).replaceAll(/^( {2}\w[\w ]*?) {2,}\S.*$/gm, "$1  FACT")

/** Masked, too: what two hosts say at the same time comes in any order. */
export const inOrder = (screen: string): string => {
  const [typed = "", ...lines] = masked(screen).split("\n")
  return [typed, ...lines.slice(0, -1).sort(), ...lines.slice(-1)].join("\n")
}
