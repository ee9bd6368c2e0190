/**
 * A MongoDB server as a resource: on the manager or on a host, on loopback only, with a password.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Runtime from "../runtimes/Runtime.ts"
import * as RuntimeGroup from "../runtimes/RuntimeGroup.ts"
import * as Host from "../services/Host.ts"
import type { PythonEnvironmentError } from "../services/PythonEnvironment.ts"
import type { RuntimeError } from "../services/RuntimeError.ts"
import type { Ssh } from "../services/Ssh.ts"
import type { SshConfigError, SshError } from "../services/SshError.ts"
import * as Cluster from "./Cluster.ts"
import type { ClusterError } from "./ClusterError.ts"
import type { ClusterPlan } from "./ClusterPlan.ts"
import { hyperoptPackages } from "./hyperoptPackages.ts"
import type { MongoError } from "./MongoError.ts"
import * as mongoPlace from "./mongoPlace.ts"
import * as MongoPlan from "./MongoPlan.ts"
import * as mongoReport from "./mongoReport.ts"

/**
 * What a MongoDB server may be told.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends Omit<MongoPlan.Options, "dbpath">, Pick<Cluster.Options, "restart" | "stable"> {
  /** Made if missing, and kept, with the log in `mongod.log`. Default: a temporary one, removed with the scope. */
  readonly dbpath?: string | undefined
  /** Where it runs. Default: the manager. */
  readonly runtime?: Runtime.Runtime | undefined
  /** The options of the manager's own runtime. Its default `grace` here is 10 seconds: mongod then ends in peace. */
  readonly manager?: Runtime.Options | undefined
  /** Is given the plan before anything of it starts. */
  readonly onPlan?: ((plan: ClusterPlan) => Effect.Effect<void>) | undefined
}

/**
 * A MongoDB server that answers.
 *
 * @since 0.1.0
 * @category models
 */
export interface MongoServer {
  readonly cluster: Cluster.Cluster
  /** On the manager's loopback, wherever the server runs. It stays while the server is started again. */
  readonly port: number
  readonly user: string
  readonly password: Redacted.Redacted
  /** The database that the user may read and write, and where its password is asked of. */
  readonly database: string
  readonly dbpath: string
  /** For MongoDB's clients on the manager; without the password. */
  readonly url: string
  /** Fails when the server cannot go on. */
  readonly lost: Effect.Effect<never, ClusterError | MongoError>
}

/**
 * Every error that a MongoDB server can fail to start with.
 *
 * @since 0.1.0
 * @category errors
 */
export type StartError =
  | ClusterError
  | MongoError
  | PythonEnvironmentError
  | RuntimeError
  | SshConfigError
  | SshError

/** What the launcher imports. */
const pymongo = hyperoptPackages.filter((line) => line.startsWith("pymongo=="))

/**
 * Starts MongoDB's server, and ends it with the scope. The mongod is the one that is given or on `PATH`; else it is brought, for
 * Linux on x86-64. After a crash it is started again on its files. Fails with a `StartError`: `MongoError` `AlreadyRunning` where
 * another one uses the directory, which is left as it is.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * import { MongoServer } from "lazycluster"
 * import { Console, Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const mongo = yield* MongoServer.make({ dbpath: "~/experiment/mongodb" })
 *   yield* Console.log(`${mongo.url} with the files in ${mongo.dbpath}`)
 *   return yield* mongo.lost
 * }).pipe(Effect.scoped)
 */
export const make = Effect.fn("MongoServer.make")(function*(
  options: Options = {}
): Effect.fn.Return<MongoServer, StartError, Ssh | Scope.Scope> {
  const { manager: managed, onPlan, restart, runtime: given, stable, ...server } = options
  const own = given?.host.alias === Host.manager.alias ? given : undefined
  const manager = own ?? (yield* Runtime.manager({ grace: "10 seconds", ...managed }))
  const runtime = given ?? manager
  const place = yield* mongoPlace.make(runtime, server)
  const plan = MongoPlan.plan(
    { manager: manager.host.alias, place: runtime.host.alias },
    [...pymongo, ...place.packages],
    place.options
  )
  if (onPlan !== undefined) yield* onPlan(plan)
  const group = RuntimeGroup.fromRuntimes(runtime === manager ? [] : [runtime])
  const cluster = yield* Cluster.start(plan, { manager, group }, { secrets: place.secrets, restart, stable }).pipe(
    Effect.catchTag("ClusterError", (error) => Effect.fail(mongoReport.explained(error)))
  )
  const port = Option.getOrElse(yield* cluster.port("mongod", "mongo"), () => 0)
  const { database, dbpath } = place.options
  return {
    cluster,
    port,
    user: MongoPlan.user,
    password: place.password,
    database,
    dbpath,
    url: `mongodb://${MongoPlan.user}@127.0.0.1:${port}/${database}`,
    lost: Effect.mapError(cluster.lost, mongoReport.explained)
  }
})
