/**
 * Words of a plan as a process gets them: numbers, addresses and paths in the place of what refers to them.
 *
 * @since 0.1.0
 */
import type { Provisioned } from "../services/PythonEnvironment.ts"
import type { ClusterPlan, Word } from "./ClusterPlan.ts"

/** @internal */
export interface Ground {
  readonly plan: ClusterPlan
  readonly place: string
  /** By `process.port`. */
  readonly numbers: ReadonlyMap<string, number>
  /** Of the Python environment at the place. */
  readonly environment: Pick<Provisioned, "directory" | "python"> | undefined
  /** Where the secrets and programs of the process lie. */
  readonly directory?: string | undefined
}

/**
 * Where a process listens: on loopback, but for what is reached directly.
 *
 * @internal
 */
export const listensOn = (plan: ClusterPlan, process: string, port: string): string =>
  plan.routes.find((route) => route.process === process && route.port === port && route.address !== undefined)
    ?.address ?? "127.0.0.1"

/** Where a place reaches it: through a tunnel on its own loopback, but for what it reaches directly. */
const hostAt = (plan: ClusterPlan, place: string, process: string, port: string): string => {
  const direct = plan.routes.some((route) =>
    route.process === process && route.port === port && route.address !== undefined && route.places.includes(place)
  )
  const own = plan.processes.some(({ id, place: at }) => id === process && at === place)
  return direct || own ? listensOn(plan, process, port) : "127.0.0.1"
}

/** @internal */
export const resolve = (ground: Ground, word: Word): string => {
  const { directory, environment, numbers, place, plan } = ground
  const number = (process: string, port: string) => numbers.get(`${process}.${port}`) ?? ""
  if (typeof word === "string") return word
  return word.map((part) => {
    if (typeof part === "string") return part
    switch (part._tag) {
      case "Port":
        return String(number(part.process, part.name))
      case "Address": {
        const host = hostAt(plan, place, part.process, part.port)
        return `${host.includes(":") ? `[${host}]` : host}:${number(part.process, part.port)}`
      }
      case "Host":
        return hostAt(plan, place, part.process, part.port)
      case "Environment":
        // An interpreter that was there already may have another name.
        return part.file === "bin/python" && environment !== undefined
          ? environment.python
          : `${environment?.directory ?? ""}/${part.file}`
      case "Secret":
      case "Program":
        return `${directory ?? ""}/${part.name}`
    }
  }).join("")
}

/** @internal */
export const resolveAll = (
  ground: Ground,
  words: Readonly<Record<string, Word>>
): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(words).map(([name, word]) => [name, resolve(ground, word)]))
