/**
 * Hosts as a table for people.
 *
 * @since 0.1.0
 */
import Table from "cli-table3"
import { render as size } from "../internal/byteSize.ts"
import type { HostFacts } from "../services/HostFacts.ts"

/**
 * A host, and its facts where they are known, or what is wrong with it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Row {
  readonly host: string
  readonly facts?: HostFacts | undefined
  /** Why there are none. */
  readonly note?: string | undefined
}

/** Two of one kind are counted. */
const gpus = (facts: HostFacts): string => {
  const names = new Map<string, number>()
  for (const { name } of facts.gpus) names.set(name, (names.get(name) ?? 0) + 1)
  return [...names].map(([name, count]) => count === 1 ? name : `${count} × ${name}`).join(", ")
}

/** What a host says is shown on a terminal: no control characters of its. */
// eslint-disable-next-line no-control-regex -- it is control characters that are looked for
const plain = (text: string): string => text.replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, " ")

const none = ""

const borderless = {
  top: none,
  "top-mid": none,
  "top-left": none,
  "top-right": none,
  bottom: none,
  "bottom-mid": none,
  "bottom-left": none,
  "bottom-right": none,
  left: none,
  "left-mid": none,
  mid: none,
  "mid-mid": none,
  right: none,
  "right-mid": none,
  middle: "  "
}

const cells = ({ facts, host, note = "" }: Row): Array<string> =>
  facts === undefined
    ? [host, "-", "-", "-", "-", note].map(plain)
    : [
      host,
      String(facts.cpus),
      size(facts.memory),
      gpus(facts) || "-",
      facts.python || "-",
      [facts.os, facts.machine, ...(note === "" ? [] : [note])].join(", ")
    ].map(plain)

/**
 * A line for each host: cores, memory, GPUs, Python, system.
 *
 * @since 0.1.0
 * @category printing
 * @example
 * import { HostTable, RuntimeManager } from "lazycluster"
 * import { Console, Effect } from "effect"
 *
 * const print = Effect.gen(function*() {
 *   const { inactive, runtimes } = yield* RuntimeManager.createGroup()
 *   yield* Console.log(HostTable.render([
 *     ...runtimes.map(({ facts, host }) => ({ host: host.alias, facts })),
 *     ...inactive.map(({ host, message }) => ({ host, note: message }))
 *   ]))
 * }).pipe(Effect.scoped)
 */
export const render = (rows: ReadonlyArray<Row>): string => {
  const table = new Table({
    head: ["HOST", "CORES", "MEMORY", "GPUS", "PYTHON", "SYSTEM"],
    chars: borderless,
    colAligns: ["left", "right", "right"],
    // No colours of its own: whoever prints it knows the terminal.
    style: { head: [], border: [], "padding-left": 0, "padding-right": 0 }
  })
  table.push(...rows.map(cells))
  return table.toString().split("\n").map((line) => line.trimEnd()).join("\n")
}
