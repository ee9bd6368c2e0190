/**
 * `lazycluster clean`: removes what is kept on purpose.
 *
 * @since 0.1.0
 */
import * as Args from "@effect/cli/Args"
import * as Options from "@effect/cli/Options"
import * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as Ledgers from "../runtimes/Ledgers.ts"
import * as Runtime from "../runtimes/Runtime.ts"
import { manager } from "../services/Host.ts"
import * as KeptFiles from "../services/KeptFiles.ts"
import { SshConfig } from "../services/SshConfig.ts"
import { CleanReport } from "./CleanReport.ts"
import * as CleanReports from "./CleanReport.ts"
import * as DurationOption from "./DurationOption.ts"
import { ProgramEnded } from "./ExitCode.ts"
import * as HostOptions from "./HostOptions.ts"
import { Invocation } from "./Invocation.ts"
import * as Question from "./Question.ts"
import * as Subcommand from "./Subcommand.ts"
import * as Unreached from "./Unreached.ts"
import * as View from "./View.ts"

const concurrency = 16

/** This machine, as people call it. */
const named = (host: string) => host === "manager" || host === manager.alias ? manager : host

/** Everything that could go, and what keeps it. */
const find = Effect.fnUntraced(function*(hosts: ReadonlyArray<string>, olderThan: Duration.Duration | undefined) {
  const now = yield* DateTime.now
  const before = olderThan === undefined ? now : DateTime.subtractDuration(now, olderThan)
  const isOld = ({ lastUsed }: KeptFiles.KeptFile) =>
    olderThan === undefined || DateTime.lessThanOrEqualTo(lastUsed, before)
  const [listed, { runtimes }] = yield* Effect.all([
    Effect.forEach(
      hosts,
      (host) => Effect.map(Effect.either(KeptFiles.list(named(host))), (found) => ({ host, found })),
      { concurrency }
    ),
    Ledgers.readAll(hosts.map(named))
  ], { concurrency: 2 })
  return CleanReport.make({
    kept: listed.flatMap(({ found }) => Either.isRight(found) ? found.right.filter(isOld) : []),
    leftovers: runtimes.filter(({ since, state }) => state === "left" && DateTime.lessThanOrEqualTo(since, before)),
    outcomes: [],
    swept: [],
    unreachable: listed.flatMap(({ found, host }) => Either.isLeft(found) ? [{ host, detail: found.left.message }] : [])
  })
})

/** A runtime that is made where others were left sweeps them away; it is gone again at once. */
const sweep = Effect.fnUntraced(function*(leftovers: ReadonlyArray<Ledgers.ListedRuntime>) {
  const hosts = [...new Set(leftovers.map(({ host }) => host))].map(named)
  yield* Effect.forEach(hosts, (host) => Effect.ignore(Effect.scoped(Runtime.make(host))), { concurrency })
  const { runtimes } = yield* Ledgers.readAll(hosts)
  return leftovers.map(({ id }) => id).filter((id) => !runtimes.some((one) => one.id === id))
})

const clean = Effect.fnUntraced(function*(found: CleanReport) {
  const files = CleanReports.removable(found)
  const hosts = [...new Set(files.map(({ host }) => host))]
  const [outcomes, swept] = yield* Effect.all([
    Effect.forEach(hosts, (host) => KeptFiles.remove(named(host), files.filter((file) => file.host === host)), {
      concurrency
    }),
    found.leftovers.length === 0 ? Effect.succeed([]) : sweep(found.leftovers)
  ], { concurrency: 2 })
  return CleanReport.make({ ...found, outcomes: outcomes.flat(), swept })
})

const show = (report: CleanReport, now: DateTime.Utc) =>
  Effect.flatMap(
    Effect.orDie(Schema.encode(CleanReport)(report)),
    (json) => View.data(json, CleanReports.render(report, now))
  )

/** What was not done of what was said. */
const told = Effect.fnUntraced(function*(report: CleanReport) {
  const spared = report.outcomes.filter(({ removed }) => !removed)
  const done = CleanReports.removable(report).filter(({ host, kind, name }) =>
    !spared.some((one) => one.host === host && one.kind === kind && one.name === name)
  )
  const left = report.leftovers.filter(({ id }) => !report.swept.includes(id))
  const amount = CleanReports.amount(done, report.swept)
  yield* View.note(amount === "" ? "Nothing was removed." : `Removed ${amount}.`)
  for (const { host, name, why = "" } of spared) yield* View.note(`${host}: ${name} stays: ${why}`)
  for (const { host, workingDirectory } of left) yield* View.note(`${host}: ${workingDirectory} could not be removed`)
  if (spared.length + left.length > 0) return yield* new ProgramEnded({ code: 1 })
})

interface Asked {
  readonly hosts: ReadonlyArray<string>
  readonly olderThan: Duration.Duration | undefined
  readonly yes: boolean
  readonly dryRun: boolean
}

const run = Effect.fnUntraced(function*({ dryRun, hosts, olderThan, yes }: Asked) {
  const { json } = yield* Invocation
  const now = yield* DateTime.now
  const found = yield* find(hosts, olderThan)
  const amount = CleanReports.amount(CleanReports.removable(found), found.leftovers)
  if (!json && found.kept.length + found.leftovers.length > 0) yield* show(found, now)
  if (amount === "" || dryRun) {
    if (json) yield* show(found, now)
    yield* View.note(amount === "" ? "Nothing to remove." : `It would remove ${amount}.`)
    return found
  }
  if (!yes && !(yield* Question.confirm(`Remove ${amount}?`))) {
    yield* View.note("Nothing was removed.")
    return found
  }
  const done = yield* clean(found)
  if (json) yield* show(done, now)
  yield* told(done)
  return done
})

/**
 * Kept environments and wheels, removed.
 *
 * @since 0.1.0
 * @category commands
 */
export const command = Subcommand.make({
  name: "clean",
  description:
    "Remove what lazycluster keeps on hosts on purpose: Python environments and wheels below ~/.cache/lazycluster, and what a restart of a host has left of runtimes. Without hosts: on this machine and all hosts of the ssh config. It shows what there is and asks; what something uses stays. Hosts of a sandbox use the cache of this machine: there it only shows.",
  examples: [
    ["lazycluster clean --dry-run", "What is there, how big, when last used"],
    [
      "lazycluster clean host-1 manager --older-than 30d",
      "Of one host and this machine, what was not used for 30 days"
    ],
    ["lazycluster clean --yes --json", "Without asking, for a program"]
  ],
  json: true,
  config: {
    names: Args.text({ name: "HOST" }).pipe(
      Args.withDescription("Where; manager is this machine"),
      Args.repeated
    ),
    hosts: HostOptions.options,
    olderThan: DurationOption.make("older-than", "Only what was not used for so long: 12h, 30d"),
    yes: Options.boolean("yes").pipe(Options.withAlias("y"), Options.withDescription("Do not ask")),
    dryRun: Options.boolean("dry-run").pipe(Options.withDescription("Only show what there is"))
  },
  run: ({ dryRun, hosts, names, olderThan, yes }) =>
    HostOptions.use(hosts, (chosen) =>
      Effect.gen(function*() {
        // What is cached is this machine's.
        const onlyShown = dryRun || hosts.sandbox !== undefined
        if (!yes && !onlyShown) yield* Question.needed("clean")
        const config = yield* SshConfig
        const given = names.length > 0 ? names : chosen.names
        const all = given ?? [manager.alias, ...(yield* config.aliases)]
        const { unreachable } = yield* run({ hosts: all, olderThan, yes, dryRun: onlyShown })
        if (hosts.sandbox !== undefined) {
          yield* View.note("A sandbox uses the cache of this machine: lazycluster clean manager")
        }
        yield* Unreached.tell(unreachable, given !== undefined)
      }))
})
