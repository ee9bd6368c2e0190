/**
 * `lazycluster up dask`.
 *
 * @since 0.1.0
 */
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as DaskCluster from "../../clusters/DaskCluster.ts"
import { daskProgramPackages } from "../../clusters/daskPackages.ts"
import * as Requirements from "../../services/Requirements.ts"
import * as Engine from "../Engine.ts"
import * as OptionValue from "../OptionValue.ts"

/** Programs after -- send arrays, and Dask's client warns of a numpy that workers have not. */
const forPrograms = <Options extends DaskCluster.Options>(options: Options): Options =>
  options.packages === undefined && options.python === undefined
    ? { ...options, extraPackages: Requirements.merge(daskProgramPackages, options.extraPackages ?? []) }
    : options

/**
 * Dask: a scheduler, workers, and its dashboard.
 *
 * @since 0.1.0
 * @category engines
 */
export const engine = Engine.make({
  name: "dask",
  description: "Start a Dask cluster and keep it up until Ctrl-C, or until the program after -- has ended.",
  examples: [
    ["lazycluster up dask", "A worker on every host of the ssh config"],
    [
      "lazycluster up dask --hosts a,b --python-env requirements.txt -- python train.py",
      "A program that says Client()"
    ],
    ["lazycluster up dask --sandbox 2 --plan", "What would run where"]
  ],
  options: Options.all({
    threads: OptionValue.count("nthreads", "Threads of each worker; without this its share of the cores"),
    memoryLimit: OptionValue.bytes("memory-limit", "What each worker may hold: 8GB; without this its share"),
    nanny: Options.boolean("nanny").pipe(
      Options.withDescription("A nanny of Dask for each worker starts it again when it grows over its limit")
    ),
    tls: Options.boolean("tls").pipe(
      Options.withDescription("Encrypt what Dask sends, and let nobody in without the cluster's own certificate")
    ),
    routes: Options.choice("routes", ["auto", "tunnel", "direct"]).pipe(
      Options.withDefault("auto"),
      Options.withDescription("How workers reach one another: through this machine, or directly")
    ),
    port: OptionValue.count("port", "The scheduler's port that is tried first; 8786 without this"),
    dashboardPort: OptionValue.count("dashboard-port", "The dashboard's, 8787 without this"),
    deadline: OptionValue.count("deadline", "Seconds until all must be ready; 60 without this")
  }),
  plan: (manager, group, options) => DaskCluster.plan(manager, group, forPrograms(options)),
  start: (group, options) =>
    Effect.map(
      DaskCluster.make(group, forPrograms(options)),
      ({ cluster, dashboardUrl, python, schedulerAddress, variables }) => ({
        cluster,
        addresses: { scheduler: schedulerAddress, dashboard: dashboardUrl },
        python,
        variables,
        example: ["from distributed import Client", "client = Client()"],
        lost: cluster.lost
      })
    )
})
