/**
 * `lazycluster get`.
 *
 * @since 0.1.0
 */
import * as Args from "@effect/cli/Args"
import * as Effect from "effect/Effect"
import { directoryOf } from "../runtimes/groupTransfer.ts"
import type { Runtime } from "../runtimes/Runtime.ts"
import * as FileTransfer from "../services/FileTransfer.ts"
import * as HostOptions from "./HostOptions.ts"
import * as LeftOut from "./LeftOut.ts"
import * as Subcommand from "./Subcommand.ts"
import * as TransferOptions from "./TransferOptions.ts"
import * as TransferPlan from "./TransferPlan.ts"
import * as TransferProgress from "./TransferProgress.ts"
import * as TransferReport from "./TransferReport.ts"

/**
 * Files and folders from hosts.
 *
 * @since 0.1.0
 * @category commands
 */
export const command = Subcommand.make({
  name: "get",
  description:
    "Copy a file or a folder from each host. From several hosts it goes to DEST/HOST/NAME, from one to DEST, as with put. Paths of hosts are relative to the home directory.",
  examples: [
    ["lazycluster get experiment/model.bin . --hosts host-1", "A file from one host"],
    ["lazycluster get experiment/results results", "A folder from each host of the ssh config: results/host-1/results"],
    ["lazycluster get logs logs --exclude '*.gz' --dry-run", "What would be copied"]
  ],
  json: true,
  config: {
    source: Args.text({ name: "src" }).pipe(Args.withDescription("A file or a folder of the hosts")),
    target: Args.text({ name: "dest" }).pipe(
      Args.withDescription("Where to on this machine; the current folder without this"),
      Args.withDefault("./")
    ),
    hosts: HostOptions.options,
    filters: HostOptions.filters,
    transfer: TransferOptions.options
  },
  run: ({ filters, hosts, source, target, transfer }) =>
    HostOptions.use(
      hosts,
      Effect.fnUntraced(function*(hosts) {
        const selection = TransferOptions.selection(transfer)
        const group = yield* HostOptions.group(hosts, { workingDirectory: "~", filter: filters })
        yield* LeftOut.note(group)
        // Also where others do not answer today: a script finds its files where they were yesterday.
        const isOne = group.runtimes.length + group.inactive.length === 1
        const below = target.endsWith("/") ? target : `${target}/`
        // The current folder is no name that a copy could take.
        const here = target === "." ? "./" : target
        const to = ({ host }: Runtime) => isOne ? here : `${below}${directoryOf(host.alias)}/`
        if (transfer.dryRun) {
          return yield* TransferPlan.show(group, (runtime) =>
            Effect.map(
              FileTransfer.planGet(runtime, source, to(runtime), selection),
              (plan) => [{ from: runtime.resolve(source), to: to(runtime), plan }]
            ))
        }
        yield* TransferReport.onEach(group, transfer.jobs, (runtime) =>
          Effect.map(
            TransferProgress.run(
              runtime.host.alias,
              `get ${source}`,
              FileTransfer.getStream(runtime, source, to(runtime), selection)
            ),
            (done) => [done]
          ))
      })
    )
})
