/**
 * Hosts that did not answer, where others did.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { explain } from "../services/SshError.ts"
import * as View from "./View.ts"

/**
 * Hosts that were named on the command line did not answer. What the others said has been shown.
 *
 * @since 0.1.0
 * @category errors
 */
export class Unreached extends Schema.TaggedError<Unreached>("lazycluster/cli/Unreached")("Unreached", {
  /** Why, a message each. */
  hosts: Schema.Array(Schema.Struct({ host: Schema.String, detail: Schema.String }))
}) {
  override get message(): string {
    return explain({
      what: `no answer from ${this.hosts.map(({ host }) => host).join(", ")}`,
      log: this.hosts.flatMap(({ detail }) => detail.split("\n"))
    })
  }
}

/**
 * Tells of hosts that did not answer: it fails where they were named, and is a note where they only stand in the ssh config.
 *
 * @since 0.1.0
 * @category execution
 */
export const tell = (
  unreached: ReadonlyArray<{ readonly host: string; readonly detail: string }>,
  named: boolean
): Effect.Effect<void, Unreached, View.View> => {
  if (unreached.length === 0) return Effect.void
  const error = new Unreached({ hosts: unreached.map(({ detail, host }) => ({ host, detail })) })
  return named ? Effect.fail(error) : View.note(error.message)
}
