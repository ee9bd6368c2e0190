/**
 * What speaks against a plan before anything of it starts.
 *
 * @since 0.1.0
 */
import type { ClusterPlan, PlaceFacts, ProcessPlan } from "./ClusterPlan.ts"
import { portOf, refsIn, refsOf } from "./planRefs.ts"

const twice = (names: ReadonlyArray<string>): ReadonlyArray<string> => [
  ...new Set(names.filter((name, index) => names.indexOf(name) !== index))
]

/** Who is reached at two addresses would have to listen on both. */
const addressesOf = ({ routes }: ClusterPlan): ReadonlyArray<string> =>
  routes.flatMap((route, index) =>
    route.address !== undefined &&
      routes.slice(0, index).some((other) =>
        other.process === route.process && other.port === route.port && other.address !== undefined &&
        other.address !== route.address
      )
      ? [`${route.process}.${route.port} is reached at two addresses`]
      : []
  )

const isProgram = /^[\w-]+\.(py|sh|mjs)$/

/** Secrets and programs of a process, which lie in one directory. */
const ofFiles = (process: ProcessPlan, given: ReadonlyArray<string> | undefined): ReadonlyArray<string> => {
  const { files = [], id, secrets = [] } = process
  const programs = files.map(({ name }) => name)
  return [
    ...twice([...secrets, ...programs]).map((name) => `${id} names the file ${name} twice`),
    ...secrets.filter((name) => /^\.{0,2}$|[/\0\n]/.test(name))
      .map((name) => `${id} names a secret ${JSON.stringify(name)}, which is no name for a file`),
    ...programs.filter((name) => !isProgram.test(name)).map((name) => `${id} names ${name}, which is no program`),
    ...refsOf(process).flatMap((ref) =>
      (ref._tag === "Secret" && !secrets.includes(ref.name)) || (ref._tag === "Program" && !programs.includes(ref.name))
        ? [`a word of ${id} names the file ${ref.name}, which it does not have`]
        : []
    ),
    ...(given === undefined ? [] : secrets.filter((name) => !given.includes(name)))
      .map((name) => `${id} needs the secret ${name}, which is not given: give it in the option \`secrets\``)
  ]
}

/**
 * Whether every reference leads somewhere: what an engine may have got wrong, as sentences. With the names of the secrets that
 * are given, those that are missing are told, too.
 *
 * @since 0.1.0
 * @category guards
 */
export const faults = (plan: ClusterPlan, secrets?: ReadonlyArray<string>): ReadonlyArray<string> => {
  const ports = new Set(plan.processes.flatMap((process) => process.ports.map((port) => `${process.id}.${port.name}`)))
  const refs = plan.processes.flatMap((process) =>
    refsOf(process).flatMap(portOf).map((ref) => ({ ref, by: process.id }))
  )
  const variables = Object.entries(plan.variables ?? {})
  return [
    ...twice(plan.processes.map((process) => process.id)).map((id) => `two processes are named ${id}`),
    ...refs.filter(({ ref }) => !ports.has(ref)).map(({ by, ref }) => `${by} names the port ${ref}, which nothing has`),
    ...variables.flatMap(([name, word]) =>
      refsIn([word]).flatMap((ref) =>
        ref._tag === "Secret" || ref._tag === "Program"
          ? [`the variable ${name} names the file ${ref.name}, which only a process has`]
          : portOf(ref).filter((port) => !ports.has(port)).map((port) =>
            `the variable ${name} names the port ${port}, which nothing has`
          )
      )
    ),
    ...addressesOf(plan),
    ...plan.routes.filter((route) => !ports.has(`${route.process}.${route.port}`))
      .map((route) => `a route leads to ${route.process}.${route.port}, which nothing has`),
    ...plan.processes.filter((process) => !ports.has(`${process.id}.${process.ready.port}`))
      .map((process) => `${process.id} is probed on its port ${process.ready.port}, which it does not have`),
    ...plan.processes.filter(({ health, id }) => health !== undefined && !ports.has(`${id}.${health.probe.port}`))
      .map(({ health, id }) =>
        `the health of ${id} is asked on its port ${health?.probe.port}, which it does not have`
      ),
    ...(plan.dashboard === undefined || ports.has(`${plan.dashboard.process}.${plan.dashboard.port}`)
      ? []
      : [`the dashboard is at ${plan.dashboard.process}.${plan.dashboard.port}, which nothing has`]),
    ...plan.processes.flatMap((process) => ofFiles(process, secrets))
  ]
}

/** Of a host that is loaded otherwise, or whose cgroup was set anew by a little: no other plan comes of it. */
const tolerance = 0.1

/**
 * What was otherwise when the plan was made, as sentences. Places that the plan has no facts of are not compared.
 *
 * @since 0.1.0
 * @category guards
 */
export const changedFacts = (plan: ClusterPlan, now: ReadonlyArray<PlaceFacts>): ReadonlyArray<string> =>
  (plan.facts ?? []).flatMap((then) => {
    const found = now.find(({ place }) => place === then.place)
    if (found === undefined) return []
    const differing = [
      ...(found.cpus === then.cpus ? [] : [`${found.cpus} cores, not ${then.cpus}`]),
      ...(Math.abs(found.memory - then.memory) <= tolerance * then.memory
        ? []
        : [`${found.memory} bytes of memory, not ${then.memory}`]),
      ...(found.gpus === then.gpus ? [] : [`${found.gpus} GPUs, not ${then.gpus}`]),
      ...(found.python === then.python ? [] : [`Python ${found.python || "none"}, not ${then.python || "none"}`])
    ]
    return differing.length === 0 ? [] : [`${then.place} has ${differing.join(", ")}`]
  })
