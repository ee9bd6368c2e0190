/**
 * What words of a plan refer to.
 *
 * @since 0.1.0
 */
import type { ClusterPlan, PortChoice, ProcessPlan, Word } from "./ClusterPlan.ts"

/** @internal */
export const refsIn = (words: ReadonlyArray<Word>) =>
  words.flatMap((word) => typeof word === "string" ? [] : word).flatMap((part) =>
    typeof part === "string" ? [] : [part]
  )

/**
 * Everything that words of a process refer to.
 *
 * @internal
 */
export const refsOf = ({ argv, env }: Pick<ProcessPlan, "argv" | "env">) => refsIn([...argv, ...Object.values(env)])

/**
 * The port that is referred to, as `process.port`.
 *
 * @internal
 */
export const portOf = (ref: ReturnType<typeof refsIn>[number]): ReadonlyArray<string> =>
  ref._tag === "Port"
    ? [`${ref.process}.${ref.name}`]
    : ref._tag === "Address" || ref._tag === "Host"
    ? [`${ref.process}.${ref.port}`]
    : []

/**
 * Whether anybody beside the process and its own supervisor has the number of a port: others then look for it there.
 *
 * @internal
 */
export const isKnown = (plan: ClusterPlan, process: string, choice: typeof PortChoice.Type): boolean => {
  const { dashboard, processes, routes, variables = {} } = plan
  const others = processes.filter(({ id }) => id !== process).flatMap(refsOf)
  return choice.preferred !== undefined || // People know it by that.
    routes.some((route) => route.process === process && route.port === choice.name) ||
    (dashboard?.process === process && dashboard.port === choice.name) ||
    [...others, ...refsIn(Object.values(variables))].flatMap(portOf).includes(`${process}.${choice.name}`)
}
