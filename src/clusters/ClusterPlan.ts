/**
 * What a cluster will be, as data: processes and their places, ports, routes, requirements. An engine is a pure function
 * from options and facts to a plan; nothing here runs anything.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { renderWord } from "./planWords.ts"

export { diff, type Difference, renderDiff } from "./planDiff.ts"

/**
 * A port of a process, by name. Its number is chosen when the cluster starts: free on every machine that needs it.
 *
 * @since 0.1.0
 * @category schemas
 */
export const PortRef = Schema.TaggedStruct("Port", { process: Schema.String, name: Schema.String })

/**
 * A file of the Python environment at the place of the process, such as `bin/dask`.
 *
 * @since 0.1.0
 * @category schemas
 */
export const EnvironmentRef = Schema.TaggedStruct("Environment", { file: Schema.String })

/**
 * A word of a command line: text, or text with references in it.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Word = Schema.Union(
  Schema.String,
  Schema.Array(Schema.Union(Schema.String, PortRef, EnvironmentRef))
)

/** @since 0.1.0 @category models */
export type Word = typeof Word.Type

/**
 * A word with the number of a port in it: `portWord("tcp://127.0.0.1:", "scheduler", "comm")`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const portWord = (before: string, process: string, name: string): Word => [
  before,
  { _tag: "Port", process, name }
]

/**
 * A word that is a file of the environment.
 *
 * @since 0.1.0
 * @category constructors
 */
export const environmentWord = (file: string): Word => [{ _tag: "Environment", file }]

/**
 * How it is told that a process is ready: something listens, or HTTP answers 200 with a text in it.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Probe = Schema.Union(
  Schema.TaggedStruct("Tcp", { port: Schema.String }),
  Schema.TaggedStruct("Http", { port: Schema.String, path: Schema.String, contains: Schema.optional(Schema.String) })
)

/**
 * How it is told that a process is still well: a probe, asked every so many seconds while the link is up. So many failures one
 * after the other make it unhealthy: then it is ended, and its restart policy decides what follows.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Health = Schema.Struct({ probe: Probe, every: Schema.Number, failures: Schema.Int })

/**
 * Whether a process that has ended is started again: never, when it failed, or whatever its exit code.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Restart = Schema.Literal("never", "onFailure", "always")

/**
 * What a process may use of its host.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Resources = Schema.Struct({
  cpus: Schema.Number,
  /** Bytes. */
  memory: Schema.Number,
  /** Indices of the GPUs that are its own. */
  gpus: Schema.Array(Schema.Int)
})

/**
 * The ports that a name may get, in this order.
 *
 * @since 0.1.0
 * @category schemas
 */
export const PortChoice = Schema.Struct({
  name: Schema.String,
  /** Tried first. */
  preferred: Schema.optional(Schema.Int),
  /** Then these, from the first to the last. */
  from: Schema.Int,
  to: Schema.Int
})

/**
 * A process of the cluster. `place` is a host's alias; the manager's is `(manager)`.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ProcessPlan = Schema.Struct({
  id: Schema.String,
  role: Schema.Literal("master", "worker"),
  place: Schema.String,
  argv: Schema.NonEmptyArray(Word),
  env: Schema.Record({ key: Schema.String, value: Word }),
  ports: Schema.Array(PortChoice),
  ready: Probe,
  /** Seconds until it must be ready. */
  deadline: Schema.Number,
  /** Default: the readiness probe, every 15 seconds, 4 failures. */
  health: Schema.optional(Health),
  /** Default: `never` for masters, whose state goes with them; `always` for workers. */
  restart: Schema.optional(Restart),
  resources: Schema.optional(Resources)
})

/** @since 0.1.0 @category models */
export type ProcessPlan = typeof ProcessPlan.Type

/**
 * The health probe of a process.
 *
 * @since 0.1.0
 * @category combinators
 */
export const healthOf = ({ health, ready }: ProcessPlan): typeof Health.Type =>
  health ?? { probe: ready, every: 15, failures: 4 }

/**
 * The restart policy of a process.
 *
 * @since 0.1.0
 * @category combinators
 */
export const restartOf = ({ restart, role }: ProcessPlan): typeof Restart.Type =>
  restart ?? (role === "master" ? "never" : "always")

/**
 * A port that other places must reach, under its own number on their loopback.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Route = Schema.Struct({
  process: Schema.String,
  port: Schema.String,
  places: Schema.Array(Schema.String)
})

/**
 * Python packages, pinned, for the processes of some places.
 *
 * @since 0.1.0
 * @category schemas
 */
export const EnvironmentPlan = Schema.Struct({
  places: Schema.Array(Schema.String),
  packages: Schema.Array(Schema.String)
})

/**
 * What a plan was made from: facts of a place that decide about processes there.
 *
 * @since 0.1.0
 * @category schemas
 */
export const PlaceFacts = Schema.Struct({
  place: Schema.String,
  cpus: Schema.Number,
  memory: Schema.Number,
  gpus: Schema.Int,
  python: Schema.String
})

/** @since 0.1.0 @category models */
export type PlaceFacts = typeof PlaceFacts.Type

/**
 * A cluster before it starts.
 *
 * @since 0.1.0
 * @category models
 */
export class ClusterPlan extends Schema.Class<ClusterPlan>("lazycluster/ClusterPlan")({
  engine: Schema.String,
  processes: Schema.Array(ProcessPlan),
  routes: Schema.Array(Route),
  environments: Schema.Array(EnvironmentPlan),
  /** Distributions whose versions must be equal in all environments. */
  equal: Schema.Array(Schema.String),
  /** What it was made from; a cluster is not started where this has changed since. */
  facts: Schema.optional(Schema.Array(PlaceFacts))
}) {
  /** The places that run something, each once, in order. */
  get places(): ReadonlyArray<string> {
    return [...new Set(this.processes.map((process) => process.place))]
  }
}

/**
 * The plan as a tree for people: what runs where, with which command, and which ports lead where.
 *
 * @since 0.1.0
 * @category combinators
 */
export const render = (plan: ClusterPlan): string => {
  const reached = (id: string, port: string) =>
    plan.routes.filter((route) => route.process === id && route.port === port).flatMap((route) => route.places)
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
    ...plan.places.flatMap((place) => [
      place,
      ...plan.processes.filter((process) => process.place === place).flatMap(processLines)
    ])
  ].join("\n")
}

/**
 * Whether every reference leads somewhere: what an engine may have got wrong, as sentences.
 *
 * @since 0.1.0
 * @category guards
 */
export const faults = (plan: ClusterPlan): ReadonlyArray<string> => {
  const ports = new Set(plan.processes.flatMap((process) => process.ports.map((port) => `${process.id}.${port.name}`)))
  const refs = plan.processes.flatMap((process) =>
    [...process.argv, ...Object.values(process.env)].flatMap((word) => typeof word === "string" ? [] : word)
      .flatMap((part) => typeof part !== "string" && part._tag === "Port" ? [`${part.process}.${part.name}`] : [])
      .map((ref) => ({ ref, by: process.id }))
  )
  const ids = plan.processes.map((process) => process.id)
  return [
    ...ids.filter((id, index) => ids.indexOf(id) !== index).map((id) => `two processes are named ${id}`),
    ...refs.filter(({ ref }) => !ports.has(ref)).map(({ by, ref }) => `${by} names the port ${ref}, which nothing has`),
    ...plan.routes.filter((route) => !ports.has(`${route.process}.${route.port}`))
      .map((route) => `a route leads to ${route.process}.${route.port}, which nothing has`),
    ...plan.processes.filter((process) => !ports.has(`${process.id}.${process.ready.port}`))
      .map((process) => `${process.id} is probed on its port ${process.ready.port}, which it does not have`),
    ...plan.processes.filter(({ health, id }) => health !== undefined && !ports.has(`${id}.${health.probe.port}`))
      .map(({ health, id }) => `the health of ${id} is asked on its port ${health?.probe.port}, which it does not have`)
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
