/**
 * `lazycluster list-runtimes`.
 *
 * @since 0.1.0
 */
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as HostOptions from "./HostOptions.ts"
import * as RuntimeList from "./ListRuntimes.ts"
import * as Subcommand from "./Subcommand.ts"
import * as View from "./View.ts"

/**
 * The hosts that can be used, and those that cannot, with the reason.
 *
 * @since 0.1.0
 * @category commands
 */
export const command = Subcommand.make({
  name: "list-runtimes",
  description:
    "Show which hosts can be used, and why the others cannot: all of the ssh config, or those that are named.",
  examples: [
    ["lazycluster list-runtimes", "All hosts of the ssh config"],
    ["lazycluster list-runtimes -l", "With system, cores, memory, GPUs, Python, load and disk"],
    ["lazycluster list-runtimes --gpu --min-memory 64GB", "Only hosts that have what is wanted are active"],
    ["lazycluster list-runtimes --json", "As data"]
  ],
  json: true,
  config: {
    hosts: HostOptions.options,
    filter: HostOptions.filters,
    long: Options.boolean("long").pipe(
      Options.withAlias("l"),
      Options.withDescription("Show what the hosts are made of, and how busy they are")
    )
  },
  run: ({ filter, hosts, long }) =>
    HostOptions.use(hosts, (hosts) => Effect.scoped(RuntimeList.make(hosts, filter))).pipe(
      Effect.tap((list) => RuntimeList.show(list, long)),
      Effect.flatMap((list) => Effect.forEach(RuntimeList.advice(list, hosts), View.note, { discard: true }))
    )
})
