/**
 * What makes one plan differ from another, to be read by people.
 *
 * @since 0.1.0
 */
import type { ClusterPlan, ProcessPlan, Word } from "./ClusterPlan.ts"
import { dashboardWord, renderResources, renderWord } from "./planWords.ts"

/**
 * One thing that differs: a process that is added, removed or changed, or something of the whole plan.
 *
 * @since 0.1.0
 * @category models
 */
export type Difference =
  | { readonly _tag: "Added"; readonly process: string; readonly place: string }
  | { readonly _tag: "Removed"; readonly process: string; readonly place: string }
  | { readonly _tag: "Moved"; readonly process: string; readonly from: string; readonly to: string }
  | { readonly _tag: "Changed"; readonly what: string; readonly from: string; readonly to: string }

/** Each field of a process on its own line, so that a long command shows only the words that differ. */
const fields = (process: ProcessPlan): ReadonlyMap<string, string> =>
  new Map([
    ...options(process.argv).map(([name, value]) => [`${process.id} ${name}`, value] as const),
    ...Object.entries(process.env).map(([name, word]) => [`${process.id} $${name}`, renderWord(word)] as const),
    ...process.ports.map(({ from, name, preferred, to }) =>
      [`${process.id} port ${name}`, `${preferred === undefined ? "" : `${preferred}, then `}${from}-${to}`] as const
    ),
    [`${process.id} role`, process.role],
    [`${process.id} ready`, JSON.stringify(process.ready)],
    [`${process.id} deadline`, `${process.deadline}`],
    [`${process.id} health`, JSON.stringify(process.health ?? "default")],
    [`${process.id} restart`, process.restart ?? "default"],
    [`${process.id} resources`, renderResources(process.resources)],
    [`${process.id} secrets`, (process.secrets ?? []).join(", ") || "none"],
    [`${process.id} files`, (process.files ?? []).map(({ name }) => name).join(", ") || "none"]
  ])

/** `--name value` is one thing; what stands alone has its place for a name. */
const options = (argv: ReadonlyArray<Word>): ReadonlyArray<readonly [string, string]> => {
  const words = argv.map(renderWord)
  return words.flatMap((word, index) => {
    const before = words[index - 1]
    if (word.startsWith("-")) {
      const next = words[index + 1]
      return [[word, next === undefined || next.startsWith("-") ? "given" : next] as const]
    }
    return before?.startsWith("-") === true ? [] : [[`word ${index + 1}`, word] as const]
  })
}

const changes = (
  from: ReadonlyMap<string, string>,
  to: ReadonlyMap<string, string>
): ReadonlyArray<Difference> =>
  [...new Set([...from.keys(), ...to.keys()])].filter((what) => from.get(what) !== to.get(what)).map((what) => ({
    _tag: "Changed",
    what,
    from: from.get(what) ?? "nothing",
    to: to.get(what) ?? "nothing"
  }))

const wholes = (plan: ClusterPlan): ReadonlyMap<string, string> =>
  new Map([
    ["engine", plan.engine],
    ...plan.routes.map(({ address, places, port, process }) =>
      [
        `${address === undefined ? "route" : "way"} to ${process}.${port}`,
        [
          ...places,
          ...(address === undefined ? [] : [`at ${address}`])
        ].join(", ")
      ] as const
    ),
    ["routing", plan.routing === undefined ? "tunnel" : `${plan.routing.chosen ?? plan.routing.asked}`],
    ...Object.entries(plan.variables ?? {}).map(([name, word]) => [`variable ${name}`, renderWord(word)] as const),
    ...plan.environments.flatMap(({ packages, places, python }) =>
      places.flatMap((place) => [
        [`packages on ${place}`, packages.join(", ")] as const,
        ...(python === undefined ? [] : [[`interpreter on ${place}`, python] as const])
      ])
    ),
    ["dashboard", plan.dashboard === undefined ? "none" : renderWord(dashboardWord(plan.dashboard))],
    ["equal versions", plan.equal.join(", ")],
    ...(plan.facts ?? []).map(({ cpus, gpus, memory, place, python }) =>
      [`facts of ${place}`, `${cpus} cores, ${memory} bytes, ${gpus} GPUs, Python ${python || "none"}`] as const
    )
  ])

/**
 * What differs from one plan to another; nothing where they are equal. Processes are told by their ids.
 *
 * @since 0.1.0
 * @category combinators
 */
export const diff = (from: ClusterPlan, to: ClusterPlan): ReadonlyArray<Difference> => {
  const before = new Map(from.processes.map((process) => [process.id, process]))
  const after = new Map(to.processes.map((process) => [process.id, process]))
  return [
    ...from.processes.flatMap(({ id, place }): ReadonlyArray<Difference> =>
      after.has(id) ? [] : [{ _tag: "Removed", process: id, place }]
    ),
    ...to.processes.flatMap((process): ReadonlyArray<Difference> => {
      const old = before.get(process.id)
      if (old === undefined) return [{ _tag: "Added", process: process.id, place: process.place }]
      return [
        ...(old.place === process.place
          ? []
          : [{ _tag: "Moved" as const, process: process.id, from: old.place, to: process.place }]),
        ...changes(fields(old), fields(process))
      ]
    }),
    ...changes(wholes(from), wholes(to))
  ]
}

/**
 * The same as text, a line a difference: `+` what comes, `-` what goes, `~` what changes.
 *
 * @since 0.1.0
 * @category combinators
 */
export const renderDiff = (differences: ReadonlyArray<Difference>): string =>
  differences.map((difference) => {
    switch (difference._tag) {
      case "Added":
        return `+ ${difference.process} on ${difference.place}`
      case "Removed":
        return `- ${difference.process} on ${difference.place}`
      case "Moved":
        return `~ ${difference.process}: from ${difference.from} to ${difference.to}`
      case "Changed":
        return `~ ${difference.what}: ${difference.from} -> ${difference.to}`
    }
  }).join("\n")
