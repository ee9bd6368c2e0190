/**
 * Hosts as a table for people.
 *
 * @since 0.1.0
 */
import { render as size } from "../internal/byteSize.ts"
import * as textTable from "../internal/textTable.ts"
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

/**
 * Two of one kind are counted.
 *
 * @internal
 */
export const gpus = (facts: HostFacts): string => {
  const names = new Map<string, number>()
  for (const { name } of facts.gpus) names.set(name, (names.get(name) ?? 0) + 1)
  return [...names].map(([name, count]) => count === 1 ? name : `${count} × ${name}`).join(", ")
}

const cells = ({ facts, host, note = "" }: Row): Array<string> =>
  facts === undefined
    ? [host, "-", "-", "-", "-", note]
    : [
      host,
      String(facts.cpus),
      size(facts.memory),
      gpus(facts) || "-",
      facts.python || "-",
      [facts.os, facts.machine, ...(note === "" ? [] : [note])].join(", ")
    ]

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
export const render = (rows: ReadonlyArray<Row>): string =>
  textTable.render({
    head: ["HOST", "CORES", "MEMORY", "GPUS", "PYTHON", "SYSTEM"],
    rows: rows.map(cells),
    align: ["left", "right", "right"]
  })
