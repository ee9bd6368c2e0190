/**
 * How what `run` has started ended.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { withoutControl } from "../internal/outputText.ts"
import { ProgramEnded } from "./ExitCode.ts"
import { Invocation } from "./Invocation.ts"
import * as View from "./View.ts"

/**
 * What `--json` prints: a line for each host, or for each item of `--each`, as it ends.
 *
 * @since 0.1.0
 * @category schemas
 */
export const RunReport = Schema.Struct({
  host: Schema.String,
  /** The line of `--each`, and its number, from 0. */
  item: Schema.optional(Schema.String),
  index: Schema.optional(Schema.Int),
  /** 128 + n after signal n, 124 after `--timeout`; missing where the host was lost. */
  exitCode: Schema.optional(Schema.Int),
  /** Why it did not end by itself. */
  error: Schema.optional(Schema.String),
  /** The end of what it printed, 1 Mi characters at most; of an item that failed the last lines, all in `stderr`. `logFile` has all. */
  stdout: Schema.String,
  stderr: Schema.String,
  /** Milliseconds; missing for an item that failed. */
  duration: Schema.optional(Schema.DurationFromMillis),
  logFile: Schema.optional(Schema.String)
})

/**
 * The same, decoded.
 *
 * @since 0.1.0
 * @category models
 */
export type RunReport = typeof RunReport.Type

const encode = Schema.encodeSync(Schema.parseJson(RunReport))

/**
 * The exit code that stands for it.
 *
 * @since 0.1.0
 * @category accessors
 */
export const code = ({ error, exitCode }: RunReport): number => exitCode ?? (error === undefined ? 0 : 1)

const words = (report: RunReport): string => report.error ?? `ended with exit code ${report.exitCode ?? 0}`

/**
 * Tells one: as JSON all that is known, else a line where it has failed.
 *
 * @since 0.1.0
 * @category execution
 */
export const tell = (report: RunReport): Effect.Effect<void, never, View.View> =>
  Effect.gen(function*() {
    const view = yield* View.View
    if ((yield* Invocation).json) return yield* view.print(encode(report))
    if (code(report) === 0) return
    const { notePaint } = view
    const what = report.item === undefined ? "" : ` (${withoutControl(report.item)})`
    // Most messages begin with their host.
    const said = words(report).replace(`${report.host}: `, "")
    yield* view.note(`${notePaint.host(report.host)}: ${notePaint.bad(said)}${notePaint.weak(what)}`)
  })

/**
 * Ends as the first of the programs that have failed.
 *
 * @since 0.1.0
 * @category execution
 */
export const end = (reports: ReadonlyArray<RunReport>): Effect.Effect<void, ProgramEnded> => {
  const failed = reports.map(code).find((code) => code !== 0)
  return failed === undefined ? Effect.void : new ProgramEnded({ code: failed })
}
