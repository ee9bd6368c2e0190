/**
 * `lazycluster demo`.
 *
 * @since 0.1.0
 */
import * as Options from "@effect/cli/Options"
import * as ClusterOptions from "./ClusterOptions.ts"
import * as Demo from "./Demo.ts"
import * as HostOptions from "./HostOptions.ts"
import * as Subcommand from "./Subcommand.ts"

/**
 * A Dask cluster from one command, without a host.
 *
 * @since 0.1.0
 * @category commands
 */
export const command = Subcommand.make({
  name: "demo",
  description:
    "Start a Dask cluster on SSH hosts, run an example on it, and take everything away again. Without options the hosts are real SSH servers inside this process.",
  examples: [
    ["lazycluster demo", "Three hosts inside this process"],
    ["lazycluster demo --hosts host-1,host-2", "Hosts of your own"],
    ["lazycluster demo --plan --json", "What it would run, as data"]
  ],
  json: true,
  config: {
    hosts: HostOptions.options,
    keep: Options.boolean("keep").pipe(Options.withDescription("Leave the cluster up until Ctrl-C")),
    workers: ClusterOptions.workers,
    lease: ClusterOptions.lease,
    plan: ClusterOptions.plan
  },
  run: Demo.run
})
