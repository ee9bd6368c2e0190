/**
 * What can go wrong with a function on a host.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { explain } from "../services/SshError.ts"

/**
 * What a function is written in.
 *
 * @since 0.1.0
 * @category models
 */
export const Language = Schema.Literal("Python", "JavaScript")

/**
 * What a function is written in.
 *
 * @since 0.1.0
 * @category models
 */
export type Language = typeof Language.Type

/**
 * Why a call of a function gave no value.
 *
 * - `Source`: the text does not compile or cannot be bundled, or defines no such function
 * - `Arguments`: the schema refuses them, they are not JSON, or the function does not take them
 * - `Environment`: the packages that it needs cannot be had on the host
 * - `Interpreter`: the host has no Python or Node, or one that is too old
 * - `Raised`: the function raised or threw
 * - `Progress`: the schema refuses what it reported
 * - `Result`: the schema refuses what it returned, or that is not JSON, or too large
 * - `Ended`: its process ended without an answer
 *
 * @since 0.1.0
 * @category models
 */
export const FunctionErrorReason = Schema.Literal(
  "Source",
  "Arguments",
  "Environment",
  "Interpreter",
  "Raised",
  "Progress",
  "Result",
  "Ended"
)

/**
 * A call of a function gave no value.
 *
 * @since 0.1.0
 * @category errors
 */
export class FunctionError extends Schema.TaggedError<FunctionError>("lazycluster/FunctionError")("FunctionError", {
  reason: FunctionErrorReason,
  language: Language,
  /** The host, or Dask's name of the worker; missing when nothing was sent. */
  host: Schema.optional(Schema.String),
  step: Schema.String,
  /** The name of the function. */
  function: Schema.String,
  /** The text of the exception when one was raised. */
  detail: Schema.String,
  /** The class of the exception: `ValueError`, `numpy.linalg.LinAlgError`, `TypeError`. */
  exception: Schema.optional(Schema.String),
  /** As Python or Node prints it, with the user's own files and lines. */
  traceback: Schema.optional(Schema.String),
  /** The last lines of its standard error when its process ended. */
  log: Schema.optional(Schema.Array(Schema.String)),
  hint: Schema.optional(Schema.String),
  cause: Schema.optional(Schema.Defect)
}) {
  override get message(): string {
    const where = this.host === undefined ? "" : `${this.host}: `
    const what = `${where}${this.step} ${this.function}, ${this.reason}`
    return explain({
      what: this.exception === undefined ? what : `${what}: ${this.exception}`,
      detail: this.detail,
      log: this.traceback === undefined || this.traceback === "" ? this.log : this.traceback.trimEnd().split("\n"),
      hint: this.hint
    })
  }
}

/**
 * How the programs on the host tell of a failure.
 *
 * @internal
 */
export class FunctionReport extends Schema.Class<FunctionReport>("lazycluster/FunctionReport")({
  kind: Schema.Literal("Source", "Arguments", "Raised", "Result"),
  function: Schema.String,
  type: Schema.String,
  message: Schema.String,
  traceback: Schema.String,
  worker: Schema.optional(Schema.String)
}) {}

const hintOf = (report: FunctionReport, language: Language): string | undefined => {
  switch (report.kind) {
    case "Source":
      return language === "Python"
        ? "give the source with a `def` at its left margin, and the name of that function where there are several"
        : "export a function under the name that was given to JsFunction"
    case "Arguments":
      return "name the arguments as the function's parameters are named"
    case "Result":
      return language === "Python"
        ? "return numbers, strings, booleans, None, lists, and dicts of these; no NaN and no infinity"
        : "return numbers, strings, booleans, null, arrays, and plain objects of these; no NaN and no infinity"
    case "Raised":
      return language === "JavaScript"
        ? undefined
        : report.type === "ModuleNotFoundError"
        ? "add the package to the function's `requirements`, or to the Python environment of the host"
        : report.traceback.includes(`"<${report.function}>"`)
        ? `line numbers behind <${report.function}> count from the first line of its source`
        : undefined
  }
}

/** As the programs on the host hold to; a host may say more. */
const longestText = 65_536

/**
 * The error of a report.
 *
 * @internal
 */
export const fromReport = (
  report: FunctionReport,
  where: { readonly host: string; readonly step: string; readonly language: Language }
): FunctionError =>
  new FunctionError({
    reason: report.kind,
    language: where.language,
    host: report.worker ?? where.host,
    step: where.step,
    function: report.function,
    detail: report.message.slice(0, longestText),
    exception: report.type === "" ? undefined : report.type.slice(0, longestText),
    traceback: report.traceback === "" ? undefined : report.traceback.slice(-longestText),
    hint: hintOf(report, where.language)
  })
