/**
 * What a doctor finds on a host, as data.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import type { SshConfigError, SshError } from "../services/SshError.ts"

/**
 * What is looked at, in the order in which it is shown. The names are stable.
 *
 * - on the manager: `node`, `ssh`, `config`, `agent`, `keys`
 * - the way to a host: `config`, `jump`, `name`, `port`, `host-key`, `login`
 * - what the connection can do: `sessions`, `forward-to`, `forward-from`, `sockets`, `files`
 * - the machine: `start-up`, `shell`, `home`, `cache`, `tmp`, `clock`, `logind`, `limits`, `python`, `gpu`
 * - the whole: `runtime`, `reach`; and `deadline` where a host took too long
 *
 * @since 0.1.0
 * @category schemas
 */
export const Check = Schema.Literal(
  "node",
  "ssh",
  "config",
  "agent",
  "keys",
  "jump",
  "name",
  "port",
  "host-key",
  "login",
  "sessions",
  "forward-to",
  "forward-from",
  "sockets",
  "files",
  "start-up",
  "shell",
  "home",
  "cache",
  "tmp",
  "clock",
  "logind",
  "limits",
  "python",
  "gpu",
  "runtime",
  "reach",
  "deadline"
)

/**
 * What is looked at.
 *
 * @since 0.1.0
 * @category models
 */
export type Check = typeof Check.Type

/**
 * One check of one host. A `problem` keeps lazycluster from working there, a `warning` may; what was `skipped` could not be tried.
 *
 * @since 0.1.0
 * @category models
 */
export class DoctorFinding extends Schema.Class<DoctorFinding>("lazycluster/DoctorFinding")({
  host: Schema.String,
  check: Check,
  verdict: Schema.Literal("ok", "warning", "problem", "skipped"),
  detail: Schema.String,
  /** What to type, or to change. */
  mend: Schema.optional(Schema.String),
  /** The jump host on the way to `host` that it is about. */
  hop: Schema.optional(Schema.String)
}) {}

/**
 * How findings of one host are made.
 *
 * @internal
 */
export type Say = (check: Check, verdict: DoctorFinding["verdict"], detail: string, mend?: string) => DoctorFinding

/**
 * Findings of one host, or of a hop on the way to it.
 *
 * @internal
 */
export const on = (host: string, hop?: string): Say => (check, verdict, detail, mend) =>
  DoctorFinding.make({
    host,
    check,
    verdict,
    detail,
    ...(mend === undefined ? {} : { mend }),
    ...(hop === undefined ? {} : { hop })
  })

/**
 * What an error says is wrong.
 *
 * @internal
 */
export const wrong = (
  say: Say,
  check: Check,
  error: Pick<SshError | SshConfigError, "detail" | "hint">,
  verdict: "warning" | "problem" = "problem"
): DoctorFinding => say(check, verdict, error.detail, error.hint)
