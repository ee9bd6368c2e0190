/**
 * What can go wrong with a Python function.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { explain } from "../services/SshError.ts"

/**
 * Why a call of a Python function gave no value.
 *
 * - `Source`: the text does not compile, or defines no such function
 * - `Arguments`: the schema refuses them, they are not JSON, or the function does not take them
 * - `Raised`: the function raised
 * - `Result`: the schema refuses what it returned, or that is not JSON
 * - `Ended`: its process ended without an answer
 *
 * @since 0.1.0
 * @category models
 */
export const PythonErrorReason = Schema.Literal("Source", "Arguments", "Raised", "Result", "Ended")

/**
 * A call of a Python function gave no value.
 *
 * @since 0.1.0
 * @category errors
 */
export class PythonError extends Schema.TaggedError<PythonError>("lazycluster/PythonError")("PythonError", {
  reason: PythonErrorReason,
  /** The host, or Dask's name of the worker; missing when nothing was sent. */
  host: Schema.optional(Schema.String),
  step: Schema.String,
  /** The name of the function. */
  function: Schema.String,
  /** The text of the exception when one was raised. */
  detail: Schema.String,
  /** The class of the exception: `ValueError`, `numpy.linalg.LinAlgError`. */
  exception: Schema.optional(Schema.String),
  /** As Python prints it, with the lines of the source. */
  traceback: Schema.optional(Schema.String),
  /** The last lines of its standard error when its process ended. */
  log: Schema.optional(Schema.Array(Schema.String)),
  hint: Schema.optional(Schema.String)
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
 * How `calling.py` tells of a failure.
 *
 * @internal
 */
export class PythonReport extends Schema.Class<PythonReport>("lazycluster/PythonReport")({
  kind: Schema.Literal("Source", "Arguments", "Raised", "Result"),
  function: Schema.String,
  type: Schema.String,
  message: Schema.String,
  traceback: Schema.String,
  worker: Schema.optional(Schema.String)
}) {}

const hintOf = (report: PythonReport): string | undefined => {
  switch (report.kind) {
    case "Source":
      return "give the source with a `def` at its left margin, and the name of that function where there are several"
    case "Arguments":
      return "name the arguments as the function's parameters are named"
    case "Result":
      return "return numbers, strings, booleans, None, lists, and dicts of these; no NaN and no infinity"
    case "Raised":
      return report.type === "ModuleNotFoundError"
        ? "add the package to the Python environment of the host"
        : `line numbers behind <${report.function}> count from the first line of its source`
  }
}

/**
 * The error of a report.
 *
 * @internal
 */
export const fromReport = (
  report: PythonReport,
  where: { readonly host: string; readonly step: string }
): PythonError =>
  new PythonError({
    reason: report.kind,
    host: report.worker ?? where.host,
    step: where.step,
    function: report.function,
    detail: report.message,
    exception: report.type === "" ? undefined : report.type,
    traceback: report.traceback === "" ? undefined : report.traceback,
    hint: hintOf(report)
  })
