/**
 * From what is wanted of a host to the lines of its entry. What would mean something else in an ssh config is refused.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { Entry } from "../services/SshConfigEdit.ts"
import { SshConfigError } from "../services/SshError.ts"
import { withoutControl } from "./outputText.ts"
import type { Setting } from "./sshConfigEdit.ts"
import * as Line from "./sshConfigLine.ts"
import * as Value from "./sshConfigValue.ts"

const shown = (text: string): string => JSON.stringify(withoutControl(text))

/**
 * An entry that cannot be written.
 *
 * @internal
 */
export const invalid = (name: string, detail: string, hint: string): SshConfigError =>
  new SshConfigError({ reason: "InvalidHost", host: withoutControl(name), detail, hint })

const nameProblem = (name: string): string | undefined =>
  /[*?!]/.test(name)
    ? "is a pattern"
    : /^[\p{L}\p{N}_][\p{L}\p{N}._+-]*$/u.test(name)
    ? undefined
    : name === ""
    ? "is empty"
    : name.startsWith("-")
    ? "looks like an option"
    : `holds ${shown(/[^\p{L}\p{N}._+-]/u.exec(name)?.[0] ?? name[0] ?? "")}`

/**
 * Refuses what is no name of a host.
 *
 * @internal
 */
export const checkName = (name: string): Effect.Effect<void, SshConfigError> => {
  const problem = nameProblem(name)
  return problem === undefined
    ? Effect.void
    : invalid(
      name,
      `the name ${shown(name)} ${problem}`,
      "use letters, digits, . _ - and +, without blanks and wildcards"
    )
}

const plain = /^[\w@%+=:,./~-]+$/

/** A path in quotes where it has blanks. What OpenSSH's versions read differently, or as a variable, is refused. */
const path = (name: string, file: string): Either.Either<Setting, SshConfigError> =>
  /["\\\p{Cc}]|\$\{/u.test(file) || file === ""
    ? Either.left(invalid(
      name,
      `the path ${shown(file)} of the key cannot be written into an ssh config`,
      "move the key to a path without quotes, backslashes, control characters and ${"
    ))
    : Either.right({ keyword: "IdentityFile", value: file.replaceAll("%", "%%"), quoted: !plain.test(file) })

const field = (
  name: string,
  keyword: string,
  value: string | undefined,
  good: RegExp,
  wanted: string
): Either.Either<ReadonlyArray<Setting>, SshConfigError> =>
  value === undefined
    ? Either.right([])
    : good.test(value)
    ? Either.right([{ keyword, value, quoted: false }])
    : Either.left(
      invalid(name, `${shown(value)} is no ${wanted}`, `a ${wanted} has no blanks, quotes or signs of a shell`)
    )

const jump = (name: string, value: string | undefined): Either.Either<ReadonlyArray<Setting>, SshConfigError> =>
  value === undefined
    ? Either.right([])
    : value !== "" && !/[\s\p{Cc}"'#]/u.test(value) && value.split(",").every((hop) => Value.jump(hop) !== undefined)
    ? Either.right([{ keyword: "ProxyJump", value, quoted: false }])
    : Either.left(
      invalid(
        name,
        `${shown(value)} is no way through jump hosts`,
        "write [user@]host[:port], with commas between several"
      )
    )

/** `KEY=VALUE` as it would stand in the file; checked as the file would be. */
const option = (
  name: string,
  [keyword, value]: readonly [string, string]
): Either.Either<Setting, SshConfigError> => {
  const wrong = (detail: string) =>
    Either.left(
      invalid(
        name,
        `the option ${shown(`${keyword}=${value}`)}: ${detail}`,
        "man ssh_config says what there is: -o KEY=VALUE"
      )
    )
  if (/\p{Cc}/u.test(keyword + value)) return wrong("it holds a control character")
  if (!/^[A-Za-z0-9]+$/.test(keyword)) return wrong("its keyword is none")
  const line = Line.parse(`${keyword} ${value}`)
  if (Either.isLeft(line)) return wrong(line.left)
  const read = line.right === undefined ? undefined : Value.read(line.right)
  if (read === undefined) return wrong(`${keyword} is no setting of a host`)
  if (Either.isLeft(read)) return wrong(read.left)
  const inQuotes = /^"([^"]*)"$/.exec(value)?.[1]
  return Either.right({ keyword, value: inQuotes ?? value, quoted: inQuotes !== undefined })
}

/** What a ProxyCommand may get as %h and %r without a shell acting on it. */
const hostName = /^(?!-)[^\s'`"$\\;&<>|(){},#*?!/\p{Cc}]+$/u
const user = /^(?!-)[^\s'`"$\\;&<>|(){}#\p{Cc}]+$/u

/**
 * The settings of an entry, in order.
 *
 * @internal
 */
export const settings = (entry: Entry): Effect.Effect<ReadonlyArray<Setting>, SshConfigError> =>
  Effect.zipRight(
    checkName(entry.name),
    Either.all([
      field(entry.name, "HostName", entry.hostName.replaceAll("%", "%%"), hostName, "name or address of a host"),
      field(entry.name, "User", entry.user, user, "name of a user"),
      entry.port === undefined || (Number.isInteger(entry.port) && entry.port >= 1 && entry.port <= 65535)
        ? field(entry.name, "Port", entry.port === undefined ? undefined : String(entry.port), /./, "port")
        : Either.left(invalid(entry.name, `${entry.port} is no port`, "a port is a number from 1 to 65535")),
      entry.identityFile === undefined
        ? Either.right([])
        : Either.map(path(entry.name, entry.identityFile), (setting) => [setting]),
      jump(entry.name, entry.proxyJump),
      Either.all((entry.options ?? []).map((each) => option(entry.name, each)))
    ])
  ).pipe(Effect.map((all) => all.flat()))
