/**
 * What a MongoDB server is made of: mongod under a launcher of ours, as a process of a plan.
 *
 * @since 0.1.0
 */
import { ClusterPlan, environmentWord, portWord, type ProcessPlan, programWord, secretWord } from "./ClusterPlan.ts"

/**
 * What the process is told. All of it may be seen: the password is in a file.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The directory of the data on the host of the process; `~` is the user's home. Made if missing. */
  readonly dbpath: string
  /** The database that the user may read and write, and where its password is asked of. Default `hyperopt`. */
  readonly database?: string | undefined
  /** A mongod: a path, or a name on `PATH`. Default: the one on `PATH`, else the one of the Python environment. */
  readonly mongod?: string | undefined
  /** The port that is tried first. Default 27017; then 60001 to 60199. */
  readonly port?: number | undefined
  /** Gigabytes of memory for MongoDB's own cache. Default 0.25. */
  readonly cache?: number | undefined
  /** Seconds until it must answer; recovery of a large directory takes long. Default 60. */
  readonly deadline?: number | undefined
}

/**
 * The name of the only user.
 *
 * @since 0.1.0
 * @category models
 */
export const user = "lazycluster"

/**
 * The name of the secret that is the user's password, in `Cluster.Options.secrets`.
 *
 * @since 0.1.0
 * @category models
 */
export const passwordSecret = "mongo"

/**
 * The default of `database`.
 *
 * @since 0.1.0
 * @category models
 */
export const defaultDatabase = "hyperopt"

const program = "mongod.py"

const ports = { from: 60001, to: 60199 }

/** Asked over its own port: as the user, by the launcher. A server that checks a large directory has little time for that. */
const health = {
  probe: { _tag: "Http", port: "health", path: "/health", contains: "ok" },
  every: 15,
  failures: 6
} as const

/**
 * The process `mongod` with its ports `mongo` and `health`. Where it fails it is started again under the same port `mongo`, on the
 * same files. It needs `packages` at its place, and the password as `passwordSecret`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const process = (place: string, options: Options): ProcessPlan => ({
  id: "mongod",
  role: "master",
  place,
  argv: [
    environmentWord("bin/python"),
    programWord(program),
    "--dbpath",
    options.dbpath,
    "--port",
    portWord("", "mongod", "mongo"),
    "--health",
    portWord("", "mongod", "health"),
    "--database",
    options.database ?? defaultDatabase,
    "--user",
    user,
    "--password",
    secretWord(passwordSecret),
    "--cache",
    String(options.cache ?? 0.25),
    ...(options.mongod === undefined ? [] : ["--mongod", options.mongod])
  ],
  env: {},
  secrets: [passwordSecret],
  files: [{ _tag: "Program", name: program }],
  ports: [
    { name: "mongo", preferred: options.port ?? 27017, ...ports },
    { name: "health", ...ports }
  ],
  ready: health.probe,
  health,
  restart: "onFailure",
  deadline: options.deadline ?? 60
})

/**
 * A plan of this process alone, reached from the manager.
 *
 * @since 0.1.0
 * @category constructors
 */
export const plan = (
  places: { readonly manager: string; readonly place: string },
  packages: ReadonlyArray<string>,
  options: Options
): ClusterPlan =>
  ClusterPlan.make({
    engine: "MongoDB",
    processes: [process(places.place, options)],
    routes: places.place === places.manager
      ? []
      : [{ process: "mongod", port: "mongo", places: [places.manager] }],
    environments: [{ places: [places.place], packages: [...packages] }],
    equal: []
  })
