/**
 * Words of a plan as text.
 *
 * @since 0.1.0
 */
import * as byteSize from "../internal/byteSize.ts"
import type { ClusterPlan, ProcessPlan, Word } from "./ClusterPlan.ts"

/**
 * A word as text: ports as `<process.name>`, files of the environment as `<env>/file`, secrets and programs as such.
 *
 * @internal
 */
export const renderWord = (word: Word): string => {
  if (typeof word === "string") return word
  return word.map((part) => {
    if (typeof part === "string") return part
    switch (part._tag) {
      case "Port":
        return `<${part.process}.${part.name}>`
      case "Address":
        return `<address of ${part.process}.${part.port}>`
      case "Host":
        return `<host of ${part.process}.${part.port}>`
      case "Environment":
        return `<env>/${part.file}`
      case "Secret":
        return `<secret>/${part.name}`
      case "Program":
        return `<program>/${part.name}`
    }
  }).join("")
}

/**
 * The URL of a dashboard, as its place reaches it.
 *
 * @internal
 */
export const dashboardWord = ({ path, port, process }: NonNullable<ClusterPlan["dashboard"]>): Word => [
  "http://",
  { _tag: "Address", process, port },
  path
]

/**
 * Resources as text: `2 cores, 4.0 GiB, GPU 0, 1`.
 *
 * @internal
 */
export const renderResources = (resources: ProcessPlan["resources"]): string => {
  if (resources === undefined) return "any"
  const { cpus, gpus, memory } = resources
  return [
    `${Number(cpus.toFixed(2))} ${cpus === 1 ? "core" : "cores"}`,
    byteSize.render(memory),
    ...(gpus.length === 0 ? [] : [`${gpus.length === 1 ? "GPU" : "GPUs"} ${gpus.join(", ")}`])
  ].join(", ")
}
