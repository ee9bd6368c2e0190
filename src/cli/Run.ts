/**
 * `lazycluster run`: programs on hosts, as if they were here.
 *
 * @since 0.1.0
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Config from "effect/Config"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { shown } from "../internal/outputText.ts"
import type { HostRequirement } from "../runtimes/HostFilter.ts"
import type { RuntimeGroup } from "../runtimes/RuntimeGroup.ts"
import * as RuntimeGroups from "../runtimes/RuntimeGroup.ts"
import * as RuntimeProgram from "../runtimes/RuntimeProgram.ts"
import type * as ExecutionLog from "../services/ExecutionLog.ts"
import * as HostOptions from "./HostOptions.ts"
import { Invocation, UsageError } from "./Invocation.ts"
import * as LeftOut from "./LeftOut.ts"
import * as LogPlace from "./LogPlace.ts"
import type * as ProgressView from "./ProgressView.ts"
import * as RunEach from "./RunEach.ts"
import * as RunOnce from "./RunOnce.ts"
import * as RunReport from "./RunReport.ts"
import * as RunWork from "./RunWork.ts"
import * as Table from "./Table.ts"
import * as View from "./View.ts"

/**
 * What the command line says.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly hosts: HostOptions.HostOptions
  readonly filters: HostRequirement
  readonly onAll: boolean
  readonly roundRobin: boolean
  readonly each: string | undefined
  /** `NAME=VALUE`, or `NAME` for the value that it has here. */
  readonly env: ReadonlyArray<string>
  readonly cwd: string | undefined
  readonly setup: string | undefined
  readonly timeout: Duration.Duration | undefined
  readonly jobs: number | undefined
  readonly name: string
  readonly dryRun: boolean
}

const variable = (word: string): Effect.Effect<readonly [string, string], UsageError> => {
  const at = word.indexOf("=")
  if (at >= 0) return Effect.succeed([word.slice(0, at), word.slice(at + 1)])
  return Effect.flatMap(
    Effect.orDie(Config.option(Config.string(word))),
    Option.match({
      onNone: () => new UsageError({ detail: `--env ${word}: it has no value here`, hint: `--env ${word}=VALUE` }),
      onSome: (value) => Effect.succeed([word, value] as const)
    })
  )
}

/** Each line behind its host, on the output that it came by. */
const printed = (view: ProgressView.ProgressView) => ({ from, host, text }: ExecutionLog.Line): Effect.Effect<void> => {
  const line = (paint: typeof view.paint) => `${paint.host(host)} | ${shown(text)}`
  return from === "stdout" ? view.print(line(view.paint)) : view.note(line(view.notePaint))
}

const encode = Schema.encodeSync(
  Schema.parseJson(Schema.Struct({ hosts: Schema.Array(Schema.String), cwd: Schema.String, command: Schema.String }))
)

/** What would run where; hosts have been connected to, since which there are decides. */
const plan = Effect.fnUntraced(function*(group: RuntimeGroup, work: RunWork.Work, directory: string) {
  const view = yield* View.View
  const { json } = yield* Invocation
  const hosts = group.runtimes.map(({ host }) => host.alias)
  const rows = work._tag === "Each"
    ? yield* RunEach.plan(hosts, work)
    : yield* Effect.map(
      work.onAll ? Effect.succeed(group.runtimes) : Effect.map(RuntimeGroups.leastLoaded(group), (one) => [one]),
      (runtimes) => runtimes.map(({ host }) => ({ host: [host.alias], command: RuntimeProgram.render(work.program) }))
    )
  const cwd = group.runtimes[0]?.resolve(directory) ?? ""
  yield* json
    ? Effect.forEach(rows, ({ command, host }) => view.print(encode({ hosts: host, cwd, command })))
    : View.data([], (_, columns) =>
      Table.render({
        head: ["HOST", "COMMAND"],
        rows: rows.map(({ command, host }) => [host.length > 1 ? `any of ${host.join(", ")}` : host.join(), command]),
        columns
      }))
  yield* view.note("Nothing was run: --dry-run")
})

/**
 * Runs what the command line says; ends as the first of the programs that failed.
 *
 * @since 0.1.0
 * @category execution
 */
export const run = Effect.fn("Run.run")(function*(options: Options) {
  const view = yield* View.View
  const { json } = yield* Invocation
  const { cwd = "~", filters, setup } = options
  const work = yield* RunWork.read(options)
  const environment = Object.fromEntries(yield* Effect.forEach(options.env, variable))
  const isPrefixed = !json && (work._tag === "Each" || work.onAll)
  const executionLog = yield* LogPlace.options(isPrefixed ? printed(view) : undefined)
  const context = yield* Effect.context<FileSystem.FileSystem | Path.Path>()
  const reports = yield* HostOptions.use(
    options.hosts,
    Effect.fnUntraced(function*(hosts) {
      // A plan makes no directory, and prepares nothing.
      const made = options.dryRun ? { workingDirectory: "~" } : { workingDirectory: cwd, environment, setup }
      const group = yield* HostOptions.group(hosts, { ...made, filter: filters })
      yield* LeftOut.note(group)
      if (options.dryRun) return yield* Effect.as(Effect.provide(plan(group, work, cwd), context), [])
      switch (work._tag) {
        case "Each":
          return yield* Effect.provide(RunEach.run(group, work, options), context)
        case "Program":
          return yield* (work.onAll ? RunOnce.onAll : RunOnce.one)(group, work.program, options)
      }
    }),
    { executionLog }
  )
  yield* RunReport.end(reports)
})
