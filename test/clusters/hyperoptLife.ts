/** One life of a Hyperopt cluster, and searches of Python users on it: the same for Sandbox and fleet. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Command from "@effect/platform/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as HyperoptCluster from "../../src/clusters/HyperoptCluster.ts"
import * as Lazycluster from "../../src/Lazycluster.ts"
import * as Cleanup from "../../src/runtimes/Cleanup.ts"
import * as RuntimeGroup from "../../src/runtimes/RuntimeGroup.ts"
import * as PythonFunction from "../../src/tasks/PythonFunction.ts"
import { tries } from "../patience.ts"

/** One environment for all tests, and for examples/fasttext.ts: fastText predicts nothing with numpy 2. */
export const extraPackages = ["fasttext-wheel==0.9.2", "numpy==1.26.4", "pybind11==3.1.0", "setuptools==80.9.0"]

/** Runs `use` while the cluster stands; gives what it gave, and the cleanup reports. */
export const live = <A, E, R>(
  place: { readonly configFile: string; readonly hosts: ReadonlyArray<string> },
  use: (hyperopt: HyperoptCluster.HyperoptCluster) => Effect.Effect<A, E, R | Scope.Scope>,
  options: HyperoptCluster.Options = {},
  ofHosts: RuntimeGroup.Options = {}
) =>
  Effect.gen(function*() {
    const { exit, reports } = yield* Cleanup.collect(
      Effect.gen(function*() {
        const group = yield* RuntimeGroup.make(place.hosts, ofHosts)
        return yield* use(yield* HyperoptCluster.make(group, { extraPackages, ...options }))
      })
    )
    return { value: yield* exit, clean: reports.map(({ clean }) => clean), reports }
  }).pipe(Effect.provide(Lazycluster.layerOf({ sshConfig: { file: place.configFile } })))

/** The sine, which takes so long at each point. */
const search = `
import functools, math, sys, time, numpy
from hyperopt import fmin, hp, tpe
from hyperopt.mongoexp import MongoTrials

def objective(seconds, x):
    import math, time
    time.sleep(seconds)
    return math.sin(x)

trials = MongoTrials(sys.argv[1], exp_key=sys.argv[2])
best = fmin(functools.partial(objective, float(sys.argv[3])), hp.uniform("x", -2, 2), trials=trials, algo=tpe.suggest,
            max_evals=int(sys.argv[4]), max_queue_len=4, rstate=numpy.random.default_rng(7), show_progressbar=False)
print(best["x"])
`

/** The same for `fmin` from TypeScript. */
export const sine = PythonFunction.make({
  source: `
    import math
    def objective(x):
        return math.sin(x)
  `,
  args: { x: Schema.Number },
  returns: Schema.Number
})

/** A program of a Python user on the manager; what it prints. */
export const python = (hyperopt: HyperoptCluster.HyperoptCluster, program: string, ...words: ReadonlyArray<string>) =>
  Command.make(hyperopt.python, "-c", program, hyperopt.mongoTrialUrl, ...words).pipe(
    Command.env({ HOME: hyperopt.home }),
    Command.stderr("inherit"),
    Command.string,
    Effect.map((text) => text.trim()),
    Effect.provide(NodeContext.layer)
  )

/** Where `fmin` finds the minimum. */
export const minimum = (hyperopt: HyperoptCluster.HyperoptCluster, options: {
  readonly expKey: string
  readonly seconds?: number
  readonly evals?: number
}) =>
  Effect.flatMap(
    python(hyperopt, search, options.expKey, String(options.seconds ?? 0), String(options.evals ?? 30)),
    Schema.decode(Schema.NumberFromString)
  )

const list = `
import json, os, sys, pymongo
mongo = pymongo.MongoClient(sys.argv[1].replace("mongo://", "mongodb://").replace("/jobs", ""),
                            password=open(os.environ["HOME"] + "/.hyperopt").read()[:-1])
jobs = mongo.get_default_database().jobs.find({"exp_key": sys.argv[2]})
print(json.dumps([{"state": job["state"], "owner": (job["owner"] or [None])[0], "attempts": job.get("lazycluster_attempts", 0)}
                  for job in jobs]))
`

const Trials = Schema.parseJson(Schema.Array(Schema.Struct({
  state: Schema.Int,
  owner: Schema.NullOr(Schema.String),
  attempts: Schema.Int
})))

/** The trials of an experiment as they are in the database. */
export const trials = (hyperopt: HyperoptCluster.HyperoptCluster, expKey: string) =>
  Effect.flatMap(python(hyperopt, list, expKey), Schema.decode(Trials))

/** Until a worker is at a trial. */
export const busy = (hyperopt: HyperoptCluster.HyperoptCluster, expKey: string, worker: string) =>
  trials(hyperopt, expKey).pipe(
    Effect.map((all) => all.find(({ owner, state }) => state === 1 && owner?.includes(`/${worker}@`) === true)),
    Effect.filterOrFail((found) => found !== undefined, () => new Error(`${worker} is at no trial`)),
    Effect.retry(tries(60, 100))
  )

/** Files of /proc that show a password: command lines and environments of all processes. */
export const shown = Effect.fnUntraced(function*({ password }: HyperoptCluster.HyperoptCluster) {
  const fs = yield* FileSystem.FileSystem
  const pids = (yield* fs.readDirectory("/proc")).filter((name) => /^\d+$/.test(name))
  return yield* Effect.filter(
    pids.flatMap((pid) => [`/proc/${pid}/cmdline`, `/proc/${pid}/environ`]),
    (file) =>
      fs.readFileString(file).pipe(
        Effect.map((text) => text.includes(Redacted.value(password))),
        Effect.orElseSucceed(() => false)
      )
  )
})
