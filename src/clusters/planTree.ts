/**
 * A plan as a tree, to be read by people.
 *
 * @since 0.1.0
 */
import type { ClusterPlan, ProcessPlan } from "./ClusterPlan.ts"
import { dashboardWord, renderResources, renderWord } from "./planWords.ts"

const routingLines = ({ routing }: ClusterPlan): ReadonlyArray<string> => {
  if (routing === undefined) return []
  const { asked, chosen, reason } = routing
  if (chosen === undefined) return [`routes: ${asked}, once hosts have tried to reach one another`]
  return [`routes: ${chosen}${reason === undefined ? "" : `, since ${reason}`}`]
}

/** Packages are many: of pins that stand in the diff, too, their number says enough. */
const environmentAt = ({ environments }: ClusterPlan, place: string): string => {
  const found = environments.find(({ places }) => places.includes(place))
  if (found === undefined) return ""
  const { packages, python } = found
  if (python !== undefined && packages.length === 0) return `: ${python}`
  const count = packages.length === 1 ? "1 package" : `${packages.length} packages`
  const hashed = packages.length > 0 && packages.every((line) => line.includes("--hash=")) ? " by their hashes" : ""
  return python === undefined ? `: Python environment of ${count}${hashed}` : `: ${python}, checked for ${count}`
}

const processLines = (plan: ClusterPlan, process: ProcessPlan): ReadonlyArray<string> => {
  const { argv, files = [], id, ports, resources, restart, role, secrets = [] } = process
  const reached = (port: string) =>
    plan.routes.filter((route) => route.process === id && route.port === port).flatMap(({ address, places }) =>
      places.length === 0 || address === undefined ? places : [`${places.join(", ")} at ${address}`]
    )
  const names = (what: string, all: ReadonlyArray<string>) => all.length === 0 ? [] : [`${what}: ${all.join(", ")}`]
  return [
    `${id} (${role}): ${argv.map(renderWord).join(" ")}`,
    ...[
      ...names("uses", resources === undefined ? [] : [renderResources(resources)]),
      ...names("restart", restart === undefined ? [] : [restart]),
      ...names("secrets", secrets),
      ...names("programs", files.map(({ name }) => name)),
      ...ports.map((port) => {
        const places = reached(port.name)
        const range = `${port.preferred === undefined ? "" : `${port.preferred}, then `}${port.from}-${port.to}`
        return `port ${port.name}: ${range}${places.length === 0 ? "" : `, reached from ${places.join(", ")}`}`
      })
    ].map((line) => `  ${line}`)
  ]
}

/**
 * The plan as a tree for people: what runs where, in which environment, with which command and resources, and which ports lead
 * where. Secrets are named only.
 *
 * @since 0.1.0
 * @category combinators
 */
export const render = (plan: ClusterPlan): string =>
  [
    `${plan.engine}: ${plan.processes.length} processes on ${plan.places.length} machines`,
    ...routingLines(plan),
    ...(plan.dashboard === undefined ? [] : [`dashboard: ${renderWord(dashboardWord(plan.dashboard))}`]),
    ...(plan.equal.length === 0 ? [] : [`of one version everywhere: ${plan.equal.join(", ")}`]),
    ...plan.places.flatMap((place) => [
      `${place}${environmentAt(plan, place)}`,
      ...plan.processes.filter((process) => process.place === place).flatMap((process) => processLines(plan, process))
        .map((line) => `  ${line}`)
    ])
  ].join("\n")
