/**
 * `lazycluster put`.
 *
 * @since 0.1.0
 */
import * as Args from "@effect/cli/Args"
import * as Effect from "effect/Effect"
import * as FileTransfer from "../services/FileTransfer.ts"
import * as HostOptions from "./HostOptions.ts"
import * as LeftOut from "./LeftOut.ts"
import * as Subcommand from "./Subcommand.ts"
import * as TransferOptions from "./TransferOptions.ts"
import * as TransferPlan from "./TransferPlan.ts"
import * as TransferProgress from "./TransferProgress.ts"
import * as TransferReport from "./TransferReport.ts"

/** Several go into a folder, each under its own name. */
const targetOf = (sources: ReadonlyArray<string>, target: string): string =>
  sources.length > 1 && !target.endsWith("/") ? `${target}/` : target

/**
 * Files and folders to hosts.
 *
 * @since 0.1.0
 * @category commands
 */
export const command = Subcommand.make({
  name: "put",
  description:
    "Copy files and folders to all hosts. What a host has already is not sent again, a copy that was broken off goes on where it stopped, and what arrives is checked by hash before it gets its name. Paths of hosts are relative to the home directory; one that ends in / takes the copy under its own name, else a folder is merged into its target. Nothing is ever removed.",
  examples: [
    ["lazycluster put data.csv train.py experiment/ --hosts host-1,host-2", "Two files into a folder of two hosts"],
    ["lazycluster put . experiment --gitignore --exclude '*.ckpt'", "A project to every host of the ssh config"],
    ["lazycluster put data data --dry-run", "What would be sent"]
  ],
  json: true,
  config: {
    paths: Args.text({ name: "path" }).pipe(
      Args.withDescription("What to copy, one or more, and last where to on the hosts"),
      Args.atLeast(2)
    ),
    hosts: HostOptions.options,
    filters: HostOptions.filters,
    transfer: TransferOptions.options
  },
  run: ({ filters, hosts, paths, transfer }) =>
    HostOptions.use(
      hosts,
      Effect.fnUntraced(function*(hosts) {
        const sources = paths.slice(0, -1)
        const target = targetOf(sources, paths.at(-1) ?? "")
        const selection = TransferOptions.selection(transfer)
        const prepared = yield* Effect.forEach(
          sources,
          (source) => Effect.map(FileTransfer.prepare(source, selection), ({ sendStream }) => ({ source, sendStream }))
        )
        const group = yield* HostOptions.group(hosts, { workingDirectory: "~", filter: filters })
        yield* LeftOut.note(group)
        if (transfer.dryRun) {
          return yield* TransferPlan.show(group, (runtime) =>
            Effect.forEach(sources, (from) =>
              Effect.map(
                FileTransfer.planSend(runtime, from, target, selection),
                (plan) => ({ from, to: runtime.resolve(target), plan })
              )))
        }
        yield* TransferReport.onEach(group, transfer.jobs, (runtime) =>
          Effect.forEach(prepared, ({ sendStream, source }) =>
            TransferProgress.run(runtime.host.alias, `put ${source}`, sendStream(runtime, target))))
      })
    )
})
