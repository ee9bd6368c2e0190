/**
 * What names a machine: an alias of the ssh config, a literal `user@name:port`, or both with what it takes to log in.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Either from "effect/Either"
import * as Equal from "effect/Equal"
import * as Hash from "effect/Hash"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { SshConfigError } from "./SshError.ts"

/** Encoded as it is: a host that is written down as JSON does not hold its secrets. */
const Secret = Schema.RedactedFromSelf(Schema.String)

/** An error must not show what was given in place of a secret. */
const discreet = <A, I>(schema: Schema.Schema<A, I>, expected: string) =>
  Schema.optionalWith(
    Schema.UndefinedOr(schema).annotations({ message: () => ({ message: `Expected ${expected}`, override: true }) }),
    { exact: true }
  )

/**
 * A host as the user names it. Two hosts with the same fields, secrets included, are equal and share one connection.
 * Secrets show nowhere: not as text, not as JSON, not in errors, logs and spans.
 *
 * @since 0.1.0
 * @category models
 */
export class Host extends Schema.Class<Host>("lazycluster/Host")({
  /** The alias looked up in the ssh config; also the name in logs, plans and errors. */
  alias: Schema.NonEmptyString,
  /** Overrides `HostName` of the ssh config: a name or an address. */
  hostName: Schema.optional(Schema.NonEmptyString),
  /** Overrides `User` of the ssh config. */
  user: Schema.optional(Schema.NonEmptyString),
  /** Overrides `Port` of the ssh config. */
  port: Schema.optional(Schema.Int.pipe(Schema.between(1, 65535))),
  /** The socket of an agent, or `false` for none. Overrides `IdentityAgent`. */
  agent: Schema.optional(Schema.Union(Schema.Literal(false), Schema.NonEmptyString)),
  /** A private key: the path of its file, or its text. Offered before those of the ssh config. */
  key: discreet(Schema.Union(Schema.NonEmptyString, Secret), "a path or a Redacted text"),
  /** Unlocks encrypted keys. */
  passphrase: discreet(Secret, "a Redacted text"),
  /** Given to a server that asks for a password, also by keyboard-interactive. */
  password: discreet(Secret, "a Redacted text"),
  /** Answers for keyboard-interactive, each under a part of the prompt that it is for: `{ "Verification code": … }`. */
  answers: discreet(Schema.Record({ key: Schema.NonEmptyString, value: Secret }), "Redacted texts by prompt")
}) {
  /** An object of answers has no equality of its own. */
  get #fields() {
    const { answers, ...fields } = this
    const sorted = Object.entries(answers ?? {}).sort(([a], [b]) => a < b ? -1 : 1)
    return Data.struct({ ...fields, answers: Data.array(sorted.map(([prompt, answer]) => Data.tuple(prompt, answer))) })
  }
  [Equal.symbol](that: Equal.Equal): boolean {
    return that instanceof Host && Equal.equals(this.#fields, that.#fields)
  }
  [Hash.symbol](): number {
    return Hash.hash(this.#fields)
  }
  override toString(): string {
    return this.alias
  }
}

/**
 * What `make` takes: an alias of the ssh config, the name or address of a machine, or both.
 *
 * @since 0.1.0
 * @category models
 */
export type Options =
  & {
    readonly user?: string | undefined
    readonly port?: number | undefined
    readonly agent?: string | false | undefined
    readonly key?: string | Redacted.Redacted<string> | undefined
    readonly passphrase?: Redacted.Redacted<string> | undefined
    readonly password?: Redacted.Redacted<string> | undefined
    readonly answers?: Readonly<Record<string, Redacted.Redacted<string>>> | undefined
  }
  & (
    | { readonly alias: string; readonly hostName?: string | undefined }
    | { readonly alias?: undefined; readonly hostName: string }
  )

/**
 * A host with all that is known of it. What is left out, the ssh config says: for the alias, or for the host name where there
 * is no alias.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * import { Config, Effect } from "effect"
 * import { Host } from "lazycluster"
 *
 * const gpu = Effect.map(Config.redacted("GPU_PASSWORD"), (password) =>
 *   Host.make({ alias: "gpu", hostName: "10.0.0.7", user: "ada", port: 2222, agent: false, password })
 * )
 */
export const make = (options: Options): Host => Host.make({ ...options, alias: options.alias ?? options.hostName })

/**
 * The machine that runs this program. `Ssh.connect` answers it with processes and sockets of this machine, without SSH.
 *
 * @since 0.1.0
 * @category constructors
 */
export const manager: Host = make({ alias: "(manager)" })

/**
 * Whether a host is the machine that runs this program.
 *
 * @since 0.1.0
 * @category guards
 */
export const isManager = (host: Host): boolean => host.alias === manager.alias

const literal =
  /^(?:([^@\s]+)@)?(\[[0-9a-fA-F:.%\w]+\]|[^\s:@[\]]+|(?:[0-9a-fA-F]*:){2,}[0-9a-fA-F:.]*(?:%\w+)?)(?::(\d{1,5}))?$/

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
