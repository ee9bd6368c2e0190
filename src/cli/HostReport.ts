/**
 * A host in full, as data and for people.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { render as bytes } from "../internal/byteSize.ts"
import * as HostTable from "../runtimes/HostTable.ts"
import * as HostUsage from "../runtimes/HostUsage.ts"
import type { Runtime } from "../runtimes/Runtime.ts"
import { HostFacts } from "../services/HostFacts.ts"

/**
 * What is known of a host: facts that stay, and how busy it is now.
 *
 * @since 0.1.0
 * @category models
 */
export const HostReport = Schema.Struct({
  host: Schema.String,
  facts: HostFacts,
  usage: HostUsage.HostUsage
})

/**
 * The same, decoded.
 *
 * @since 0.1.0
 * @category models
 */
export type HostReport = typeof HostReport.Type

/**
 * Asks a runtime.
 *
 * @since 0.1.0
 * @category constructors
 */
export const of = (runtime: Runtime): Effect.Effect<HostReport> =>
  Effect.map(HostUsage.read(runtime), (usage) => ({ host: runtime.host.alias, facts: runtime.facts, usage }))

/**
 * Cores, memory and GPUs in a few words.
 *
 * @since 0.1.0
 * @category printing
 */
export const summary = ({ facts }: HostReport): string => {
  const gpus = HostTable.gpus(facts)
  return [
    `${facts.cpus} ${facts.cpus === 1 ? "core" : "cores"}`,
    bytes(facts.memory),
    ...(gpus === "" ? [] : [gpus])
  ].join(", ")
}

/**
 * The load of the last minute.
 *
 * @since 0.1.0
 * @category printing
 */
export const load = ({ usage }: HostReport): string => usage.load?.[0].toFixed(2) ?? "-"

/**
 * What is free in the home directory, and in the cache where that is another disk.
 *
 * @since 0.1.0
 * @category printing
 */
export const disk = ({ usage: { cache, home } }: HostReport): string => {
  const free = [home, cache].flatMap((disk) => disk === undefined ? [] : [bytes(disk.free)])
  return [...new Set(free)].join(" / ") || "-"
}

const disks = ({ usage: { cache, home } }: HostReport): ReadonlyArray<readonly [string, string]> =>
  ([["home", home], ["cache", cache]] as const).map(([name, disk]) => [
    name,
    disk === undefined ? "-" : `${bytes(disk.free)} of ${bytes(disk.size)} free, ${disk.path}`
  ])

/**
 * Names and values, one a line of a table.
 *
 * @since 0.1.0
 * @category printing
 */
export const lines = (report: HostReport): ReadonlyArray<readonly [string, string]> => {
  const { facts, usage } = report
  return [
    ["os", [facts.os, facts.machine, facts.libc].filter((part) => part !== "").join(", ")],
    ["cpus", String(facts.cpus)],
    [
      "memory",
      `${bytes(facts.memory)}${
        usage.memoryAvailable === undefined ? "" : `, ${bytes(usage.memoryAvailable)} available`
      }`
    ],
    ["gpus", HostTable.gpus(facts) || "none"],
    ["python", facts.python === "" ? "none" : `${facts.python}, ${facts.pythonPath}`],
    ["load", usage.load === undefined ? "-" : usage.load.map((each) => each.toFixed(2)).join(" ")],
    ["user", `${facts.user} on ${facts.hostname}`],
    ...disks(report)
  ]
}
