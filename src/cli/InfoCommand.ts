/**
 * `lazycluster info`.
 *
 * @since 0.1.0
 */
import * as Args from "@effect/cli/Args"
import * as Effect from "effect/Effect"
import { ProgramEnded } from "./ExitCode.ts"
import * as HostOptions from "./HostOptions.ts"
import * as Info from "./Info.ts"
import * as ListRuntimes from "./ListRuntimes.ts"
import * as Subcommand from "./Subcommand.ts"
import * as View from "./View.ts"

/**
 * This machine and the versions on it, or hosts in full.
 *
 * @since 0.1.0
 * @category commands
 */
export const command = Subcommand.make({
  name: "info",
  description:
    "Show what this machine has, or all that is known of the hosts that are named: versions, agent, files and folders of lazycluster.",
  examples: [
    ["lazycluster info", "This machine"],
    ["lazycluster info gpu-1", "A host in full"],
    ["lazycluster info --json", "As data"]
  ],
  json: true,
  config: {
    hosts: HostOptions.options,
    named: Args.text({ name: "HOST" }).pipe(
      Args.withDescription("Aliases of the ssh config, or user@host:port"),
      Args.repeated
    )
  },
  run: ({ hosts, named }) =>
    Effect.gen(function*() {
      const asked = yield* HostOptions.named("info", hosts, named)
      const info: typeof Info.Info.Type = yield* HostOptions.use(asked, (hosts) =>
        Effect.scoped(
          hosts.names === undefined
            ? Effect.map(Info.manager(asked.config), (manager) => ({ manager, active: [], inactive: [] }))
            : ListRuntimes.make(hosts, {})
        ))
      yield* View.data(Info.encode(info), Info.render(info))
      yield* Effect.forEach(ListRuntimes.advice(info, asked), View.note, { discard: true, concurrency: 1 }).pipe(
        Effect.when(() => info.inactive.length > 0)
      )
      // It was asked for these hosts, and has not told of all.
      if (info.inactive.length > 0) return yield* new ProgramEnded({ code: 1 })
    })
})
