/**
 * `lazycluster up hyperopt`.
 *
 * @since 0.1.0
 */
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as HyperoptCluster from "../../clusters/HyperoptCluster.ts"
import * as ownPath from "../../internal/ownPath.ts"
import * as Engine from "../Engine.ts"
import * as OptionValue from "../OptionValue.ts"

/** As Python reads it. */
const quoted = Schema.encodeSync(Schema.parseJson(Schema.String))

/** A relative path is one of the directory in which the command was typed. */
const here = (path: string | undefined): Effect.Effect<string | undefined> =>
  path === undefined || path.startsWith("~") ? Effect.succeed(path) : ownPath.absolute(path)

/**
 * Hyperopt: MongoDB with the trials, and workers.
 *
 * @since 0.1.0
 * @category engines
 */
export const engine = Engine.make({
  name: "hyperopt",
  description: "Start a Hyperopt cluster and keep it up until Ctrl-C, or until the program after -- has ended.",
  examples: [
    ["lazycluster up hyperopt --hosts a,b -- python search.py", "A search with MongoTrials"],
    ["lazycluster up hyperopt --dbpath trials", "Keep the trials in a directory"],
    ["lazycluster up hyperopt --sandbox 2 --plan", "What would run where"]
  ],
  options: Options.all({
    threads: OptionValue.count("nthreads", "Threads of the numerical libraries of each worker"),
    expKey: OptionValue.text("exp-key", "key", "Take only the trials of this experiment"),
    dbpath: OptionValue.text("dbpath", "directory", "Keep the trials there, made if missing; they go without this"),
    dbName: OptionValue.text("db-name", "name", "The database, `hyperopt` without this"),
    pollInterval: OptionValue.amount("poll-interval", "Seconds between two looks for a trial; 0.1 without this"),
    reserveTimeout: OptionValue.amount("reserve-timeout", "Seconds without a trial until a worker connects anew"),
    maxConsecutiveFailures: OptionValue.count(
      "max-consecutive-failures",
      "So many failed trials, one after the other, start a worker again"
    ),
    workdir: OptionValue.text("workdir", "directory", "Of the trials on the hosts; one for each without this"),
    subprocesses: Options.boolean("no-subprocesses").pipe(
      Options.withDescription("Evaluate trials in the worker's own process, not each in one of its own"),
      Options.map((no) => !no)
    ),
    mongod: OptionValue.text("mongod", "path", "A mongod; without this the one that is there, or one is brought"),
    cache: OptionValue.amount("cache", "Gigabytes of memory for MongoDB; 0.25 without this"),
    port: OptionValue.count("port", "The port of MongoDB that is tried first; 27017 without this"),
    deadline: OptionValue.count("deadline", "Seconds until all must be ready; 60 without this")
  }),
  plan: HyperoptCluster.plan,
  start: (group, options) =>
    Effect.gen(function*() {
      const dbpath = yield* here(options.dbpath)
      const hyperopt = yield* HyperoptCluster.make(group, { ...options, dbpath })
      const { cluster, expKey = "exp1", home, lost, mongoTrialUrl, python } = hyperopt
      return {
        cluster,
        addresses: { trials: mongoTrialUrl, home },
        python,
        // Hyperopt reads the password from a file in HOME.
        variables: { ...(yield* cluster.variables(cluster.manager.host.alias)), HOME: home },
        example: [
          "import os",
          "from hyperopt.mongoexp import MongoTrials",
          `trials = MongoTrials(os.environ["MONGO_CONNECTION_URL"], exp_key=${quoted(expKey)})`
        ],
        lost
      }
    })
})
