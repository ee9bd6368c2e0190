/**
 * The errors of Python environments.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { explainStep } from "./SshError.ts"

/**
 * Why a Python environment cannot be had.
 *
 * - `NoPython`: there is no such interpreter
 * - `PythonVersion`: there is one, but not of the version that was asked for
 * - `NoVenv`: Python is there without the modules that make environments
 * - `NotPinned`: a package does not name one exact version
 * - `Requirements`: a list of packages or a lock cannot be read
 * - `Install`: pip or uv failed, or the host's cache cannot be used
 * - `Download`: the manager could not get the wheels
 * - `Check`: what is installed is not what was asked for
 * - `Locked`: another maker took longer than the deadline
 * - `Disagree`: environments that must be equal are not
 *
 * @since 0.1.0
 * @category models
 */
export const PythonEnvironmentReason = Schema.Literal(
  "NoPython",
  "PythonVersion",
  "NoVenv",
  "NotPinned",
  "Requirements",
  "Install",
  "Download",
  "Check",
  "Locked",
  "Disagree"
)

/**
 * A Python environment cannot be made or used. `log` holds the last lines of pip or uv.
 *
 * @since 0.1.0
 * @category errors
 */
export class PythonEnvironmentError
  extends Schema.TaggedError<PythonEnvironmentError>("lazycluster/PythonEnvironmentError")("PythonEnvironmentError", {
    reason: PythonEnvironmentReason,
    host: Schema.String,
    step: Schema.String,
    detail: Schema.String,
    log: Schema.Array(Schema.String),
    hint: Schema.String
  })
{
  override get message(): string {
    return explainStep(this)
  }
}

const hints: Record<typeof PythonEnvironmentReason.Type, string> = {
  NoPython: "install Python 3.8 or later on the host (apt install python3), or name an interpreter that is there",
  PythonVersion: "install a Python of that version on the host, or ask for another one",
  NoVenv: "apt install python3-venv on the host, or put uv on its PATH",
  NotPinned: "write each package as NAME==VERSION, with a marker behind ; where it is not for all",
  Requirements: "`pip freeze`, `pip-compile --generate-hashes` and `pip lock` write what can be read",
  Install:
    "the last lines of its output say why; what is missing there must be pinned as well, or be in an index that the host reaches",
  Download: "the manager needs pip, an index, and a wheel of every package for the host's Python and platform",
  Check: "install the missing versions there, or let lazycluster make an environment of pinned packages",
  Locked: "another process makes the same environment: wait for it, or end it",
  Disagree: "use the same PythonEnvironment on all hosts, with one Python version"
}

/**
 * The error with the hint of its reason.
 *
 * @internal
 */
export const failure = (fields: {
  readonly reason: typeof PythonEnvironmentReason.Type
  readonly host: string
  readonly step: string
  readonly detail: string
  readonly log?: ReadonlyArray<string> | undefined
  readonly hint?: string | undefined
}): PythonEnvironmentError =>
  new PythonEnvironmentError({ ...fields, log: fields.log ?? [], hint: fields.hint ?? hints[fields.reason] })
