/**
 * What names a machine: an alias of the ssh config or a literal `user@name:port`.
 *
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { SshConfigError } from "./SshError.ts"

/**
 * A host as the user names it. Two hosts with the same fields are equal and share one connection.
 *
 * @since 0.1.0
 * @category models
 */
export class Host extends Schema.Class<Host>("lazycluster/Host")({
  /** The alias looked up in the ssh config; also the name in logs, plans and errors. */
  alias: Schema.NonEmptyString,
  /** Overrides `User` of the ssh config. */
  user: Schema.optional(Schema.NonEmptyString),
  /** Overrides `Port` of the ssh config. */
  port: Schema.optional(Schema.Int.pipe(Schema.between(1, 65535)))
}) {
  override toString(): string {
    return this.alias
  }
}

/**
 * The machine that runs this program. `Ssh.connect` answers it with processes and sockets of this machine, without SSH.
 *
 * @since 0.1.0
 * @category constructors
 */
export const manager: Host = Host.make({ alias: "(manager)" })

/**
 * Whether a host is the machine that runs this program.
 *
 * @since 0.1.0
 * @category guards
 */
export const isManager = (host: Host): boolean => host.alias === manager.alias

const literal = /^(?:([^@\s]+)@)?(\[[0-9a-fA-F:.%\w]+\]|[^\s:@[\]]+|[0-9a-fA-F]*:[0-9a-fA-F:]+)(?::(\d{1,5}))?$/

/**
 * Reads `alias`, `user@alias`, `name:port`, `user@name:port`, also with an IPv6 address in brackets.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * import { Host } from "lazycluster"
 *
 * Host.parse("root@[::1]:2222") // Right(Host { alias: "::1", user: "root", port: 2222 })
 */
export const parse = (text: string): Either.Either<Host, SshConfigError> => {
  const match = literal.exec(text)
  const port = match?.[3] === undefined ? undefined : Number(match[3])
  const name = match?.[2]
  if (name === undefined || name.startsWith("-") || (port !== undefined && (port < 1 || port > 65535))) {
    return Either.left(
      new SshConfigError({
        reason: "InvalidHost",
        detail: `${JSON.stringify(text)} is neither an alias nor user@name:port`,
        hint: "write an alias of your ssh config, or user@name:port, with an IPv6 address in brackets"
      })
    )
  }
  return Either.right(
    Host.make({
      alias: name.replace(/^\[|\]$/g, ""),
      ...(match?.[1] === undefined ? {} : { user: match[1] }),
      ...(port === undefined ? {} : { port })
    })
  )
}
