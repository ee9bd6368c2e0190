/**
 * Hyperopt on SSH hosts: mongod on the manager, workers on the hosts, trials of dead workers queued again.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Runtime from "../runtimes/Runtime.ts"
import type { RuntimeGroup } from "../runtimes/RuntimeGroup.ts"
import type { Ssh } from "../services/Ssh.ts"
import * as Blueprint from "./Blueprint.ts"
import * as Cluster from "./Cluster.ts"
import { ClusterError } from "./ClusterError.ts"
import { noHosts, places } from "./clusterPlaces.ts"
import type { ClusterPlan } from "./ClusterPlan.ts"
import type { ClusterProcess } from "./ClusterProcess.ts"
import * as Fmin from "./Fmin.ts"
import * as HyperoptPlan from "./HyperoptPlan.ts"
import * as HyperoptTrials from "./hyperoptTrials.ts"
import { MongoError } from "./MongoError.ts"
import * as mongoPlace from "./mongoPlace.ts"
import * as MongoPlan from "./MongoPlan.ts"
import * as mongoReport from "./mongoReport.ts"
import type * as MongoServer from "./MongoServer.ts"

/**
 * What a Hyperopt cluster may be told.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends HyperoptPlan.Options, Pick<Cluster.Options, "restart" | "stable"> {
  /** The directory of trials at the place of mongod, made if missing, and kept. Default: one that goes with the cluster. */
  readonly dbpath?: string | undefined
  /** How long workers that are to be removed may take for the trial that they are at; then another does it. Default 5 minutes. */
  readonly drainWithin?: Duration.DurationInput | undefined
  /** The options of the manager's own runtime. Its default `grace` here is 10 seconds: mongod then ends in peace. */
  readonly manager?: Runtime.Options | undefined
  /** Is given the plan before anything of it starts. */
  readonly onPlan?: ((plan: ClusterPlan) => Effect.Effect<void>) | undefined
}

/**
 * A Hyperopt cluster that runs: all workers are connected to mongod.
 *
 * @since 0.1.0
 * @category models
 */
export interface HyperoptCluster {
  readonly cluster: Cluster.Cluster
  /** Of mongod on the manager's loopback, wherever it runs. It stays while mongod is started again. */
  readonly port: number
  readonly user: string
  readonly password: Redacted.Redacted
  readonly dbName: string
  readonly dbpath: string
  /** For workers of hyperopt on the manager; without the password. */
  readonly mongoUrl: string
  /** For `MongoTrials` of Python on the manager; without the password, which hyperopt reads from `.hyperopt` in `$HOME`. */
  readonly mongoTrialUrl: string
  /** A directory of the manager that has such a file: `HOME=… python search.py`. It goes with the cluster. */
  readonly home: string
  /** An interpreter on the manager with the cluster's packages. */
  readonly python: string
  /** The only key whose trials the workers take, where one was given. */
  readonly expKey?: string | undefined
  /** Searches the point with the least loss: `Fmin.fmin`. */
  readonly fmin: <Point, Args, ArgsEncoded, Returns>(
    options: Fmin.Options<Point, Args, ArgsEncoded, Returns>
  ) => Effect.Effect<Fmin.Result<Point, Returns>, Fmin.SearchError>
  /** Fails when the cluster cannot go on: mongod has ended, and cannot be started again. */
  readonly lost: Effect.Effect<never, ClusterError | MongoError>
}

/**
 * Every error that a Hyperopt cluster can fail to start with.
 *
 * @since 0.1.0
 * @category errors
 */
export type StartError = MongoServer.StartError

/**
 * The plan for a group, without starting anything.
 *
 * @since 0.1.0
 * @category constructors
 */
export const plan = (manager: Runtime.Runtime, group: RuntimeGroup, options: HyperoptPlan.Placed = {}): ClusterPlan =>
  Blueprint.plan(HyperoptPlan.blueprint(options), places(manager, group.runtimes))

const refused = (
  manager: Runtime.Runtime,
  group: RuntimeGroup,
  options: Options
): Option.Option<ClusterError> => {
  const wrong = (detail: string, hint: string) =>
    Option.some(
      new ClusterError({
        reason: "Plan",
        engine: "Hyperopt",
        host: manager.host.alias,
        step: "plan",
        detail,
        log: [],
        hint
      })
    )
  const { dbName, pollInterval, reserveTimeout } = options
  if (group.runtimes.length === 0) return Option.some(noHosts("Hyperopt", manager, group))
  if (dbName !== undefined && !/^[A-Za-z0-9_-]{1,63}$/.test(dbName)) {
    return wrong(
      `${JSON.stringify(dbName)} is no name for a database`,
      "`dbName` has letters, digits, `_` and `-`"
    )
  }
  if ([pollInterval, reserveTimeout].some((seconds) => seconds !== undefined && !(seconds > 0))) {
    return wrong(
      "a worker that waits for no time does not wait",
      "`pollInterval` and `reserveTimeout` are over 0"
    )
  }
  return Option.none()
}

const notBrought = (host: string) =>
  new MongoError({
    reason: "NotFound",
    host,
    step: "find mongod",
    detail: "there is none on PATH, and none is brought where `python` is given",
    hint: mongoReport.hintOf("NotFound", host)
  })

/** USR1: a worker ends after the trial that it is at. */
const finish = ({ runtime, service }: ClusterProcess) =>
  runtime.exec({ argv: ["kill", "-USR1", String(service.pid)], cwd: "/" }).pipe(
    Effect.flatMap(({ exit }) => exit),
    Effect.scoped,
    Effect.zipRight(service.exit)
  )

/** A directory with the file that hyperopt reads a password from: it leaves the last character out. */
const homeOf = (manager: Runtime.Runtime, password: Redacted.Redacted) =>
  Effect.gen(function*() {
    const home = yield* Runtime.temporaryDirectory(manager)
    const files = yield* manager.files
    const line = Stream.encodeText(Stream.make(`${Redacted.value(password)}\n`))
    yield* files.write(`${home}/.hyperopt`, line, 0o600)
    return home
  })

/**
 * Starts a Hyperopt cluster on a group: mongod, then workers, which are ready when they are connected to it. Closing the scope ends
 * them in the other order. Fails with a `StartError`; then nothing stays behind. Trials that a worker leaves unfinished are
 * queued again as soon as it is gone, or its host is.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * import { HyperoptCluster, RuntimeManager } from "lazycluster"
 * import { Console, Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const group = yield* RuntimeManager.createGroup({ minCpuCores: 2 })
 *   const hyperopt = yield* HyperoptCluster.make(group)
 *   yield* Console.log(`HOME=${hyperopt.home} ${hyperopt.python} search.py ${hyperopt.mongoTrialUrl}`)
 *   return yield* hyperopt.lost
 * }).pipe(Effect.scoped)
 */
export const make = Effect.fn("HyperoptCluster.make")(function*(
  group: RuntimeGroup,
  options: Options = {}
): Effect.fn.Return<HyperoptCluster, StartError, Ssh | Scope.Scope> {
  const manager = yield* Runtime.manager({ grace: "10 seconds", ...options.manager })
  const here = manager.host.alias
  yield* Option.match(refused(manager, group, options), { onNone: () => Effect.void, onSome: Effect.fail })
  const { master } = HyperoptPlan.blueprint(options).launcher({
    ...places(manager, group.runtimes),
    workers: options.workers
  })
  const place = yield* mongoPlace.make(group.runtimes.find(({ host }) => host.alias === master) ?? manager, {
    database: options.dbName,
    dbpath: options.dbpath,
    mongod: options.mongod
  })
  if (options.python !== undefined && place.packages.length > 0) return yield* notBrought(master)
  const { database, dbpath, mongod } = place.options
  const blueprint = HyperoptPlan.blueprint({ ...options, dbpath, mongod, mongodPackages: place.packages })
  const planned = Blueprint.plan(blueprint, places(manager, group.runtimes))
  if (options.onPlan !== undefined) yield* options.onPlan(planned)
  const home = yield* homeOf(manager, place.password)
  const trials = yield* HyperoptTrials.make
  const cluster = yield* Cluster.start(planned, { manager, group }, {
    blueprint,
    secrets: place.secrets,
    restart: options.restart,
    stable: options.stable,
    onEvent: trials.onEvent,
    drain: (workers) =>
      Effect.forEach(workers, finish, { concurrency: "unbounded", discard: true }).pipe(
        // What is not over by then, or cannot be told: the trial goes back into the queue.
        Effect.timeoutOption(options.drainWithin ?? "5 minutes"),
        Effect.ignore
      )
  }).pipe(Effect.catchTag("ClusterError", (error) => Effect.fail(mongoReport.explained(error))))
  const port = Option.getOrElse(yield* cluster.port("mongod", "mongo"), () => 0)
  const python = Option.match(yield* cluster.environment(here), {
    onNone: () => "python3",
    onSome: ({ python }) => python
  })
  yield* trials.act({
    manager,
    python,
    port,
    name: database,
    password: place.password,
    kept: options.dbpath !== undefined
  })
  const mongoUrl = `mongo://${MongoPlan.user}@127.0.0.1:${port}/${database}`
  const target: Fmin.Target = {
    cluster,
    port,
    user: MongoPlan.user,
    password: place.password,
    dbName: database,
    expKey: options.expKey,
    lost: Effect.mapError(cluster.lost, mongoReport.explained)
  }
  return {
    ...target,
    dbpath,
    mongoUrl,
    mongoTrialUrl: `${mongoUrl}/jobs`,
    home,
    python,
    fmin: (options) => Fmin.fmin(target, options)
  }
})
