/**
 * What a cluster will be, as data: processes and their places, ports, routes, requirements. An engine is a pure function
 * from options and facts to a plan; nothing here runs anything.
 *
 * @since 0.1.0
 */
import type * as Either from "effect/Either"
import type * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"

export { diff, type Difference, renderDiff } from "./planDiff.ts"
export { changedFacts, faults } from "./planFaults.ts"
export { render } from "./planTree.ts"

/**
 * A port of a process, by name. Its number is chosen when the cluster starts: free on every machine that needs it.
 *
 * @since 0.1.0
 * @category schemas
 */
export const PortRef = Schema.TaggedStruct("Port", { process: Schema.String, name: Schema.String })

/**
 * A port of a process with its host, as the place of the word reaches it: `10.0.0.7:60001`, or `127.0.0.1:60001` through a tunnel
 * or on its own machine. For the process itself it is where it listens.
 *
 * @since 0.1.0
 * @category schemas
 */
export const AddressRef = Schema.TaggedStruct("Address", { process: Schema.String, port: Schema.String })

/**
 * The host of such an address alone.
 *
 * @since 0.1.0
 * @category schemas
 */
export const HostRef = Schema.TaggedStruct("Host", { process: Schema.String, port: Schema.String })

/**
 * A file of the Python environment at the place of the process, such as `bin/dask`.
 *
 * @since 0.1.0
 * @category schemas
 */
export const EnvironmentRef = Schema.TaggedStruct("Environment", { file: Schema.String })

/**
 * A secret, by name. In a word it is the path of a file with the secret in it, which only the process's user may read.
 *
 * @since 0.1.0
 * @category schemas
 */
export const SecretRef = Schema.TaggedStruct("Secret", { name: Schema.String })

/**
 * A program of this package, by its file under `programs/`. In a word it is the path of a copy beside the process's secrets.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ProgramRef = Schema.TaggedStruct("Program", { name: Schema.String })

/**
 * A word of a command line: text, or text with references in it.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Word = Schema.Union(
  Schema.String,
  Schema.Array(Schema.Union(Schema.String, PortRef, AddressRef, HostRef, EnvironmentRef, SecretRef, ProgramRef))
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
 * A word with the address of a port in it, as its place reaches it: `addressWord("tcp://", "scheduler", "comm")`. A port that is
 * named so may be reached without a tunnel.
 *
 * @since 0.1.0
 * @category constructors
 */
export const addressWord = (before: string, process: string, port: string): Word => [
  before,
  { _tag: "Address", process, port }
]

/**
 * A word that is the host of such an address, for engines that take host and port apart.
 *
 * @since 0.1.0
 * @category constructors
 */
export const hostWord = (process: string, port: string): Word => [{ _tag: "Host", process, port }]

/**
 * A word that is a file of the environment.
 *
 * @since 0.1.0
 * @category constructors
 */
export const environmentWord = (file: string): Word => [{ _tag: "Environment", file }]

/**
 * A word that is the path of a secret's file; the process names the secret in `secrets`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const secretWord = (name: string): Word => [{ _tag: "Secret", name }]

/**
 * A word that is the path of a program's copy, such as `mongod.py`; the process names the program in `files`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const programWord = (name: string): Word => [{ _tag: "Program", name }]

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
export const Health = Schema.Struct({ probe: Probe, every: Schema.JsonNumber, failures: Schema.Int })

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
  cpus: Schema.JsonNumber,
  /** Bytes. */
  memory: Schema.JsonNumber,
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
  deadline: Schema.JsonNumber,
  /** Default: the readiness probe, every 15 seconds, 4 failures. */
  health: Schema.optional(Health),
  /** Default: `never` for masters, whose state goes with them; `always` for workers. */
  restart: Schema.optional(Restart),
  resources: Schema.optional(Resources),
  /** Names of what is given as `Cluster.Options.secrets`: written before each start, removed with the process. */
  secrets: Schema.optional(Schema.Array(Schema.String)),
  /** Files that lie beside them. */
  files: Schema.optional(Schema.Array(ProgramRef))
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
 * A port that other places must reach: under its own number on their loopback, through a tunnel; or at the `address` of its
 * host on which the process listens.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Route = Schema.Struct({
  process: Schema.String,
  port: Schema.String,
  places: Schema.Array(Schema.String),
  /** Where the process listens for these places, in place of a tunnel. */
  address: Schema.optional(Schema.String)
})

/**
 * How processes reach one another. `auto` is direct only where what the engine sends is encrypted, and all that must reach a
 * process do.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Routing = Schema.Struct({
  asked: Schema.Literal("auto", "direct", "tunnel"),
  /** Whether the engine encrypts what it sends, and asks who connects who they are. */
  encrypted: Schema.Boolean,
  /** Absent until hosts have tried to reach one another. */
  chosen: Schema.optional(Schema.Literal("direct", "tunnel")),
  /** Why. */
  reason: Schema.optional(Schema.String)
})

/** @since 0.1.0 @category models */
export type Routing = typeof Routing.Type

/**
 * Python packages, pinned, for the processes of some places.
 *
 * @since 0.1.0
 * @category schemas
 */
export const EnvironmentPlan = Schema.Struct({
  places: Schema.Array(Schema.String),
  packages: Schema.Array(Schema.String),
  /** An interpreter that is there, by its path or name: it is checked for the packages, and nothing is made. */
  python: Schema.optional(Schema.String)
})

/**
 * What a plan was made from: facts of a place that decide about processes there.
 *
 * @since 0.1.0
 * @category schemas
 */
export const PlaceFacts = Schema.Struct({
  place: Schema.String,
  cpus: Schema.JsonNumber,
  memory: Schema.JsonNumber,
  gpus: Schema.Int,
  python: Schema.String
})

/** @since 0.1.0 @category models */
export type PlaceFacts = typeof PlaceFacts.Type

/**
 * A page for people that a process serves.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Dashboard = Schema.Struct({ process: Schema.String, port: Schema.String, path: Schema.String })

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
  /** Absent where the engine knows tunnels only. */
  routing: Schema.optional(Routing),
  /** What a program that uses the cluster finds in its environment, such as an address. */
  variables: Schema.optional(Schema.Record({ key: Schema.String, value: Word })),
  /** Reached from the manager: a route leads there. */
  dashboard: Schema.optional(Dashboard),
  /** What it was made from; a cluster is not started where this has changed since. */
  facts: Schema.optional(Schema.Array(PlaceFacts))
}) {
  /** The places that run something, each once, in order. */
  get places(): ReadonlyArray<string> {
    return [...new Set(this.processes.map((process) => process.place))]
  }
}

const Json = Schema.parseJson(ClusterPlan, { space: 2 })

/**
 * The plan as JSON, to be kept, compared or applied later. Secrets are in it by name only.
 *
 * @since 0.1.0
 * @category serialization
 */
export const toJson: (plan: ClusterPlan) => string = Schema.encodeSync(Json)

/**
 * Reads what `toJson` has written.
 *
 * @since 0.1.0
 * @category serialization
 * @example
 * import { Cluster, ClusterPlan, Runtime, RuntimeManager } from "lazycluster"
 * import { Effect } from "effect"
 *
 * const apply = (json: string) =>
 *   Effect.gen(function*() {
 *     const plan = yield* ClusterPlan.fromJson(json)
 *     const places = { manager: yield* Runtime.manager(), group: yield* RuntimeManager.createGroup() }
 *     return yield* Cluster.start(plan, places)
 *   })
 */
export const fromJson: (json: string) => Either.Either<ClusterPlan, ParseResult.ParseError> = Schema.decodeEither(Json)
