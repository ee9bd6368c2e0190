/**
 * `lazycluster logs`: what programs on hosts have printed, from the execution logs on this machine.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { shown } from "../internal/outputText.ts"
import * as ExecutionLogs from "../services/ExecutionLogs.ts"
import { Origin } from "../services/LogEntry.ts"
import * as DurationOption from "./DurationOption.ts"
import * as FileSize from "./FileSize.ts"
import { Invocation, UsageError } from "./Invocation.ts"
import * as LogPlace from "./LogPlace.ts"
import type { Paint } from "./Paint.ts"
import * as Table from "./Table.ts"
import * as View from "./View.ts"

/**
 * What the command line says.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly host: string | undefined
  readonly task: string | undefined
  /** How long ago, or a time. */
  readonly since: string | undefined
  readonly lines: number | undefined
  readonly follow: boolean
  readonly list: boolean
  readonly directory: string | undefined
}

/**
 * A line, as `--json` prints it.
 *
 * @since 0.1.0
 * @category schemas
 */
export const LogLine = Schema.Struct({
  /** Missing in logs that are text. */
  time: Schema.optional(Schema.DateTimeUtc),
  host: Schema.String,
  task: Schema.String,
  /** Of what a program has printed; missing for lines of our own and in logs that are text. */
  from: Schema.optional(Origin),
  text: Schema.String,
  file: Schema.String
})

/**
 * What `--list --json` prints: a list of these, the newest last.
 *
 * @since 0.1.0
 * @category schemas
 */
export const LogFile = Schema.Struct({
  host: Schema.String,
  task: Schema.String,
  started: Schema.DateTimeUtc,
  modified: Schema.DateTimeUtc,
  format: Schema.Literal("text", "json"),
  /** Bytes, with those of the files that were rotated away from it. */
  size: Schema.Number,
  file: Schema.String
})

const encodeLine = Schema.encodeSync(Schema.parseJson(LogLine))
const encodeFiles = Schema.encodeSync(Schema.Array(LogFile))

const usual = { lines: 100, linesSince: 10_000 }

const sinceOf = (text: string): Effect.Effect<DateTime.Utc, UsageError> =>
  Option.match(DurationOption.parse(text), {
    onSome: (ago) => Effect.map(DateTime.now, (now) => DateTime.subtractDuration(now, ago)),
    onNone: () =>
      Option.match(DateTime.make(text), {
        onSome: (time) => Effect.succeed(DateTime.toUtc(time)),
        onNone: () =>
          new UsageError({
            detail: `--since ${text}: neither how long ago nor a time`,
            hint: "--since 10m, --since 2h, or --since 2026-11-22T07:00:00Z"
          })
      })
  })

/** What `--json` says, or the line behind its host; a line of our own is set apart. */
const print = Effect.fnUntraced(function*(line: ExecutionLogs.Line) {
  const view = yield* View.View
  const { json } = yield* Invocation
  const { file, from, host, task, text, time } = line
  const plain = shown(text)
  yield* view.print(
    json
      ? encodeLine({
        ...(time === undefined ? {} : { time }),
        host,
        task,
        ...(from === undefined ? {} : { from }),
        text,
        file
      })
      : `${view.paint.host(host)} | ${from === undefined && plain.startsWith("# ") ? view.paint.weak(plain) : plain}`
  )
})

const second = (time: DateTime.Utc): string => {
  const local = DateTime.formatIsoZoned(DateTime.setZone(time, DateTime.zoneMakeLocal()))
  return local.slice(0, "2026-11-22T07:08:09".length).replace("T", " ")
}

const table = (logs: ReadonlyArray<ExecutionLogs.LogFile>) => (paint: Paint, columns: number): string =>
  Table.render({
    head: ["STARTED", "HOST", "TASK", "SIZE", "FILE"],
    rows: logs.map(({ file, host, size, started, task }) => [
      second(started),
      host,
      task,
      FileSize.render(size),
      file.slice(file.lastIndexOf("/") + 1)
    ]),
    align: [undefined, undefined, undefined, "right"],
    columns,
    paint: (text, row) => row < 0 ? paint.weak(text) : text
  })

const nothing = (directory: string, { host, task }: Options) =>
  View.note(
    [
      `no logs ${host === undefined ? "" : `of ${host} `}${
        task === undefined ? "" : `of task ${task} `
      }in ${directory}`,
      host === undefined && task === undefined
        ? "hint: lazycluster run -- COMMAND writes one; those of a program: --directory"
        : "hint: lazycluster logs --list shows which there are"
    ].join("\n")
  )

/**
 * Shows lines, or which logs there are.
 *
 * @since 0.1.0
 * @category execution
 */
export const run = Effect.fn("Logs.run")(function*(options: Options) {
  const { follow, host, task } = options
  const { json } = yield* Invocation
  if (follow && options.list) {
    return yield* new UsageError({ detail: "--follow and --list exclude each other" })
  }
  const directory = options.directory ?? (yield* LogPlace.directory)
  const since = options.since === undefined ? undefined : yield* sinceOf(options.since)
  const which = { host, task, since }
  if (options.list) {
    const logs = yield* ExecutionLogs.list(directory, which)
    if (logs.length === 0 && !json) return yield* nothing(directory, options)
    yield* View.data(encodeFiles(logs), table(logs))
    return yield* json ? Effect.void : View.note(`in ${directory}/execution_log, a folder for each host`)
  }
  const count = options.lines ?? (since === undefined ? usual.lines : usual.linesSince)
  if (follow) {
    return yield* Stream.runForEach(ExecutionLogs.follow(directory, count, which), print)
  }
  const lines = yield* ExecutionLogs.last(directory, count + 1, which)
  if (lines.length === 0) return yield* nothing(directory, options)
  yield* Effect.forEach(lines.slice(-count), print, { discard: true })
  if (lines.length > count && !json) yield* View.note(`the last ${count} lines; more: --lines ${count * 10}`)
})
