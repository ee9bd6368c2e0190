/**
 * A plan as a tree, to be read by people.
 *
 * @since 0.1.0
 */
import type { ClusterPlan, ProcessPlan } from "./ClusterPlan.ts"
import { renderWord } from "./planWords.ts"

const routingLines = ({ routing }: ClusterPlan): ReadonlyArray<string> => {
  if (routing === undefined) return []
  const { asked, chosen, reason } = routing
  if (chosen === undefined) return [`routes: ${asked}, once hosts have tried to reach one another`]
  return [`routes: ${chosen}${reason === undefined ? "" : `, since ${reason}`}`]
}

/**
 * The plan as a tree for people: what runs where, with which command, and which ports lead where.
 *
 * @since 0.1.0
 * @category combinators
 */
export const render = (plan: ClusterPlan): string => {
  const reached = (id: string, port: string) =>
    plan.routes.filter((route) => route.process === id && route.port === port).flatMap(({ address, places }) =>
      places.length === 0 || address === undefined ? places : [`${places.join(", ")} at ${address}`]
    )
  const processLines = (process: ProcessPlan) => [
    `  ${process.id} (${process.role}): ${process.argv.map(renderWord).join(" ")}`,
    ...(process.restart === undefined ? [] : [`    restart: ${process.restart}`]),
    ...process.ports.map((port) => {
      const places = reached(process.id, port.name)
      const range = `${port.preferred === undefined ? "" : `${port.preferred}, then `}${port.from}-${port.to}`
      return `    port ${port.name}: ${range}${places.length === 0 ? "" : `, reached from ${places.join(", ")}`}`
    })
  ]
  return [
    `${plan.engine}: ${plan.processes.length} processes on ${plan.places.length} machines`,
    ...routingLines(plan),
    ...plan.places.flatMap((place) => [
      place,
      ...plan.processes.filter((process) => process.place === place).flatMap(processLines)
    ])
  ].join("\n")
}
