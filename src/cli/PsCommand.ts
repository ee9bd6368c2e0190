/**
 * `lazycluster ps`: what runs on the hosts, whoever's manager has started it.
 *
 * @since 0.1.0
 */
import * as Options from "@effect/cli/Options"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Ledgers from "../runtimes/Ledgers.ts"
import { manager } from "../services/Host.ts"
import { SshConfig } from "../services/SshConfig.ts"
import * as Elapsed from "./Elapsed.ts"
import * as HostOptions from "./HostOptions.ts"
import { Invocation } from "./Invocation.ts"
import type { Paint } from "./Paint.ts"
import * as Subcommand from "./Subcommand.ts"
import * as Table from "./Table.ts"
import * as Unreached from "./Unreached.ts"
import * as View from "./View.ts"

const lease = ({ endsIn, lease, silence, state }: Ledgers.ListedRuntime): string => {
  switch (state) {
    case "held":
      return `held, ${lease} s`
    case "silent":
      return endsIn === 0 ? "run out, ends now" : `ends in ${endsIn} s, silent for ${silence} s`
    case "unguarded":
      return "no watchdog"
    case "left":
      return "files only, before a restart"
  }
}

const counted = ({ processes }: Ledgers.ListedRuntime): string => {
  const alive = processes.filter((process) => process.alive).length
  return processes.length === 0 ? "" : alive === processes.length ? String(alive) : `${alive} of ${processes.length}`
}

const runtimes = (all: ReadonlyArray<Ledgers.ListedRuntime>, now: number, columns: number): string =>
  Table.render({
    columns,
    head: ["host", "owner", "since", "lease", "processes", "ports", "gpus", "directory"],
    rows: all.map((runtime) => [
      runtime.host,
      runtime.owner,
      Elapsed.render((now - DateTime.toEpochMillis(runtime.since)) / 1000),
      lease(runtime),
      counted(runtime),
      runtime.ports.join(" "),
      runtime.gpus.map(({ index }) => index).join(" "),
      runtime.workingDirectory
    ])
  })

const processes = (all: ReadonlyArray<Ledgers.ListedRuntime>, columns: number): string =>
  Table.render({
    columns,
    head: ["host", "runtime", "process", "pid", "command", "state"],
    rows: all.flatMap(({ host, id, processes }) =>
      processes.map(({ alive, command, name, pid }) => [host, id, name, pid, command, alive ? "runs" : "has ended"])
    )
  })

const render =
  (all: ReadonlyArray<Ledgers.ListedRuntime>, now: number, long: boolean) => (_: Paint, columns: number): string =>
    [
      runtimes(all, now, columns),
      ...(long && all.some(({ processes }) => processes.length > 0) ? ["", processes(all, columns)] : [])
    ].join("\n")

const show = Effect.fnUntraced(function*(found: Ledgers.Ledgers, asked: ReadonlyArray<string>, long: boolean) {
  const now = DateTime.toEpochMillis(yield* DateTime.now)
  const json = yield* Effect.orDie(Schema.encode(Ledgers.Ledgers)(found))
  if (found.runtimes.length > 0 || (yield* Invocation).json) yield* View.data(json, render(found.runtimes, now, long))
  else yield* View.note(`Nothing of lazycluster runs on ${asked.join(", ")}.`)
  for (const { detail, host, id } of found.unreadable) {
    yield* View.note(`${host}: ${id === undefined ? "" : `${id}: `}${detail}`)
  }
})

/**
 * Runtimes on hosts, from their ledgers.
 *
 * @since 0.1.0
 * @category commands
 */
export const command = Subcommand.make({
  name: "ps",
  description:
    "List what lazycluster runs on the hosts and on this machine, whichever program has started it: also what a program that crashed has left until its lease runs out. Nothing is started for it and nothing changed.",
  examples: [
    ["lazycluster ps", "This machine and all hosts of the ssh config"],
    ["lazycluster ps --hosts host-1,host-2 --long", "Two hosts, each process in a line"],
    ["lazycluster ps --json", "As data: the schema is Ledgers of the library"]
  ],
  json: true,
  config: {
    hosts: HostOptions.options,
    long: Options.boolean("long").pipe(Options.withAlias("l"), Options.withDescription("Each process in a line, too"))
  },
  run: ({ hosts, long }) =>
    HostOptions.use(hosts, ({ names }) =>
      Effect.gen(function*() {
        const config = yield* SshConfig
        const asked = (names ?? (yield* config.aliases)).filter((name) => name !== "manager")
        const found = yield* Ledgers.readAll([manager, ...asked])
        yield* show(found, [manager.alias, ...asked], long)
        yield* Unreached.tell(found.unreachable, names !== undefined)
      }))
})
