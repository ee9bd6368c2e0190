/**
 * `lazycluster up ENGINE`: a cluster in the foreground, or around a program.
 *
 * @since 0.1.0
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as ClusterLog from "../clusters/ClusterLog.ts"
import * as ClusterRun from "../clusters/ClusterRun.ts"
import * as ownPath from "../internal/ownPath.ts"
import { quoteAll } from "../internal/words.ts"
import type { HostRequirement } from "../runtimes/HostFilter.ts"
import type { ExecutionLog } from "../services/ExecutionLog.ts"
import type { Ssh } from "../services/Ssh.ts"
import type { SshConfig } from "../services/SshConfig.ts"
import * as ClusterViewFeed from "./ClusterViewFeed.ts"
import type { EngineError, Running, Starter } from "./Engine.ts"
import * as EngineOptions from "./EngineOptions.ts"
import { ProgramEnded } from "./ExitCode.ts"
import * as HostOptions from "./HostOptions.ts"
import { Invocation, UsageError } from "./Invocation.ts"
import * as LeftOut from "./LeftOut.ts"
import * as LogPlace from "./LogPlace.ts"
import type { ProgressView } from "./ProgressView.ts"
import { StandardStreams } from "./StandardStreams.ts"
import * as UpCleanup from "./UpCleanup.ts"
import * as UpPlan from "./UpPlan.ts"
import * as View from "./View.ts"

/**
 * What the command line says.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly hosts: HostOptions.HostOptions
  readonly filter: HostRequirement
  readonly cluster: EngineOptions.Asked
  readonly engine: Starter
  /** Says only what would run where. */
  readonly plan: boolean
  /** Shows each line that processes print. */
  readonly logs: boolean
}

/**
 * What `--json` prints, in one line, once the cluster is up.
 *
 * @since 0.1.0
 * @category schemas
 */
export class UpReport extends Schema.Class<UpReport>("lazycluster/cli/UpReport")({
  engine: Schema.String,
  /** Where it is: `scheduler` and `dashboard` of Dask, `trials` and `home` of Hyperopt. */
  addresses: Schema.Record({ key: Schema.String, value: Schema.String }),
  /** An interpreter on this machine with the cluster's packages. */
  python: Schema.String,
  /** What a program on this machine has in its environment to find the cluster. */
  variables: Schema.Record({ key: Schema.String, value: Schema.String }),
  processes: Schema.Array(Schema.Struct({
    process: Schema.String,
    role: Schema.Literal("master", "worker"),
    host: Schema.String
  }))
}) {}

const toLine = Schema.encode(Schema.parseJson(UpReport))

const reportOf = (running: Running) =>
  Effect.map(running.cluster.plan, ({ engine, processes }) =>
    UpReport.make({
      engine,
      addresses: running.addresses,
      python: running.python,
      variables: running.variables,
      processes: processes.map(({ id, place, role }) => ({ process: id, role, host: place }))
    }))

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`

const addressLines = (report: UpReport, strong: (text: string) => string): string => {
  const workers = report.processes.filter(({ role }) => role === "worker")
  const hosts = new Set(workers.map(({ host }) => host))
  const width = Math.max(...Object.keys(report.addresses).map((name) => name.length))
  return [
    `${report.engine} is up: ${counted(workers.length, "worker")} on ${counted(hosts.size, "host")}`,
    ...Object.entries(report.addresses).map(([name, address]) => `  ${strong(name.padEnd(width))}  ${address}`)
  ].join("\n")
}

const howTo = ({ example, python, variables }: Running): string =>
  [
    "From Python:",
    `  $ ${quoteAll(["env", ...Object.entries(variables).map(([name, value]) => `${name}=${value}`), python])}`,
    ...example.map((line) => `  >>> ${line}`),
    "Ctrl-C ends the cluster and cleans up."
  ].join("\n")

const announce = Effect.fnUntraced(function*(running: Running, view: ProgressView) {
  const { json } = yield* Invocation
  const report = yield* reportOf(running)
  if (json) return yield* view.print(yield* Effect.orDie(toLine(report)))
  yield* view.print(addressLines(report, view.paint.strong))
  yield* view.note(howTo(running))
})

/** The program is the user's: its directory, its streams, and the cluster in its environment. */
const runProgram = Effect.fnUntraced(function*(
  { cluster, lost, variables }: Running,
  [program, ...words]: readonly [string, ...Array<string>],
  view: ProgressView
) {
  const cwd = yield* ownPath.absolute(".")
  const command = ClusterRun.command(program, ...words)
  const options = { cwd, env: variables }
  const { terminal = Effect.succeed(false), ...streams } = yield* StandardStreams
  const run = (yield* terminal)
    ? ClusterRun.inTerminal(cluster, command, options)
    : ClusterRun.attach(cluster, command, streams, options)
  const { code } = yield* Effect.raceFirst(view.still(run), lost)
  if (code !== 0) return yield* new ProgramEnded({ code })
})

const work = Effect.fnUntraced(function*(
  hosts: HostOptions.Hosts,
  options: Options,
  wanted: EngineOptions.Wanted,
  known: UpCleanup.Known
): Effect.fn.Return<void, EngineError, Ssh | SshConfig | ExecutionLog | Scope.Scope | View.View> {
  const view = yield* View.View
  const { program } = yield* Invocation
  const group = yield* HostOptions.group(hosts, { lease: options.cluster.lease, filter: options.filter })
  yield* known.group(group)
  yield* LeftOut.note(group)
  const running = yield* options.engine.start(group, wanted)
  yield* known.cluster(running.cluster)
  yield* ClusterLog.record(running.cluster)
  yield* ClusterViewFeed.follow(running.cluster, view, { logs: options.logs, panel: program === undefined })
  const [first, ...rest] = program ?? []
  if (first !== undefined) return yield* runProgram(running, [first, ...rest], view)
  yield* announce(running, view)
  return yield* running.lost
})

const refused = Effect.flatMap(Invocation, ({ json, program }) => {
  if (program === undefined) return Effect.void
  if (program.length === 0) {
    return new UsageError({
      detail: "nothing stands after --",
      hint: "for example: lazycluster up dask -- python train.py"
    })
  }
  return json
    ? new UsageError({ detail: "--json and a program after -- exclude each other: standard output is the program's" })
    : Effect.void
})

/**
 * Starts a cluster and keeps it up until it is interrupted or lost, or until the program has ended; then it tells what became of
 * everything.
 *
 * @since 0.1.0
 * @category execution
 */
export const run: (options: Options) => Effect.Effect<
  void,
  EngineError,
  FileSystem.FileSystem | Path.Path | View.View
> = Effect.fn(
  "Up.run"
)(function*(options) {
  yield* refused
  const view = yield* View.View
  const wanted = yield* EngineOptions.resolve(options.cluster)
  yield* HostOptions.use(
    options.hosts,
    (hosts) =>
      options.plan
        ? UpPlan.show(hosts, { lease: options.cluster.lease, filter: options.filter }, (manager, group) =>
          options.engine.plan(manager, group, wanted))
        : UpCleanup.reported(view.note, (known) =>
          work(hosts, options, wanted, known)),
    { executionLog: yield* LogPlace.options() }
  )
})
