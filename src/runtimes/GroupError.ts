/**
 * The errors of groups.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { explain } from "../services/SshError.ts"

const Failed = Schema.Struct({ host: Schema.String, message: Schema.String })

/**
 * Why hosts are not in a group, as lines. Most messages begin with their host.
 *
 * @internal
 */
export const reasons = (failed: ReadonlyArray<typeof Failed.Type>): ReadonlyArray<string> =>
  failed.flatMap(({ host, message }) => (message.startsWith(`${host}: `) ? message : `${host}: ${message}`).split("\n"))

/**
 * A group cannot do what was asked of it.
 *
 * - `Quorum`: fewer hosts than its policy wants
 * - `NoHosts`: it has none
 * - `HostsLost`: all have gone while there was work left
 * - `UnknownHost`: a host that was named is not a member
 * - `Duplicate`: a host that was to be added is a member, or was given twice
 *
 * @since 0.1.0
 * @category errors
 */
export class GroupError extends Schema.TaggedError<GroupError>("lazycluster/GroupError")("GroupError", {
  reason: Schema.Literal("Quorum", "NoHosts", "HostsLost", "UnknownHost", "Duplicate"),
  step: Schema.String,
  detail: Schema.String,
  /** Hosts, where fewer of them than so many were left. */
  wanted: Schema.optional(Schema.Int),
  succeeded: Schema.optionalWith(Schema.Array(Schema.String), { default: () => [] }),
  /** What kept each of the others. */
  failed: Schema.optionalWith(Schema.Array(Failed), { default: () => [] }),
  hint: Schema.optional(Schema.String)
}) {
  override get message(): string {
    return explain({
      what: `${this.step}, ${this.reason}`,
      detail: this.detail,
      log: reasons(this.failed),
      hint: this.hint
    })
  }
}

/**
 * Fewer hosts than the policy wants.
 *
 * @internal
 */
export const missed = (
  step: string,
  wanted: number,
  succeeded: ReadonlyArray<string>,
  failed: ReadonlyArray<typeof Failed.Type>
): GroupError =>
  new GroupError({
    reason: "Quorum",
    step,
    detail: `${succeeded.length} of ${succeeded.length + failed.length} hosts, ${wanted} wanted`,
    wanted,
    succeeded: [...succeeded],
    failed: [...failed],
    hint: "mend the hosts that failed, or ask for fewer with another policy"
  })
