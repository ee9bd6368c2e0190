/**
 * What stands in an execution log: one entry a line, of JSON or of text.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import * as elapsed from "../internal/elapsed.ts"

/**
 * Where a piece of output came from.
 *
 * @since 0.1.0
 * @category models
 */
export const Origin = Schema.Literal("stdout", "stderr")

const of = {
  version: Schema.Literal(1),
  /** On the manager. */
  time: Schema.DateTimeUtc,
  host: Schema.String,
  task: Schema.String
}

/**
 * A step begins; `text` is the step as a plan shows it, without the values of variables.
 *
 * @since 0.1.0
 * @category schemas
 */
export const StepStarted = Schema.TaggedStruct("StepStarted", {
  ...of,
  step: Schema.Int,
  kind: Schema.String,
  text: Schema.String
})

/**
 * A line as it was printed, with its line end; without one when the output ended or paused there. All texts of a step and an
 * origin, one behind the other, are what was printed.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Output = Schema.TaggedStruct("Output", {
  ...of,
  /** Missing for the output of a service. */
  step: Schema.optional(Schema.Int),
  from: Origin,
  text: Schema.String
})

/**
 * A step has ended; one that failed says how.
 *
 * @since 0.1.0
 * @category schemas
 */
export const StepEnded = Schema.TaggedStruct("StepEnded", {
  ...of,
  step: Schema.Int,
  /** In milliseconds. */
  duration: Schema.DurationFromMillis,
  exitCode: Schema.optional(Schema.Int),
  failed: Schema.optional(Schema.String),
  /** Of a step that copies. */
  files: Schema.optional(Schema.Int),
  bytes: Schema.optional(Schema.Int)
})

/**
 * What else there is to say.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Note = Schema.TaggedStruct("Note", { ...of, text: Schema.String })

/**
 * An entry of an execution log, version 1.
 *
 * @since 0.1.0
 * @category schemas
 */
export const LogEntry = Schema.Union(StepStarted, Output, StepEnded, Note)

/**
 * An entry of an execution log.
 *
 * @since 0.1.0
 * @category models
 */
export type LogEntry = typeof LogEntry.Type

/**
 * A line of a log in JSON.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Json: Schema.Schema<LogEntry, string> = Schema.parseJson(LogEntry)

const remark = (text: string): string => `# ${text.replaceAll("\n", "\n#   ")}\n`

const ended = ({ bytes, duration, failed, files, step }: typeof StepEnded.Type): string => {
  const after = elapsed.format(duration)
  if (failed !== undefined) return `step ${step} failed after ${after}: ${failed}`
  return `step ${step} ended after ${after}${files === undefined ? "" : `: ${files} files, ${bytes ?? 0} bytes`}`
}

/**
 * An entry for people: output as it was printed, everything else behind `# `.
 *
 * @since 0.1.0
 * @category combinators
 */
export const render = (entry: LogEntry): string => {
  switch (entry._tag) {
    case "Output":
      return entry.text.endsWith("\n") ? entry.text : `${entry.text}\n`
    case "StepStarted":
      return remark(`step ${entry.step}: ${entry.text}`)
    case "StepEnded":
      return remark(ended(entry))
    case "Note":
      return remark(entry.text)
  }
}
