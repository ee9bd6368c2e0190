/**
 * Who may log in to a Sandbox host, and how: one connection's way through the methods of its user, as sshd goes it.
 *
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import { readFileSync } from "node:fs"
import ssh2 from "ssh2"
import type {
  AuthContext,
  AuthenticationType,
  Connection,
  KeyboardAuthContext,
  ParsedKey,
  PublicKeyAuthContext
} from "ssh2"
import type { SandboxUser } from "../SandboxUser.ts"

/**
 * A user, with keys that can be checked.
 *
 * @internal
 */
export interface Login {
  readonly user: SandboxUser
  readonly keys: ReadonlyArray<ParsedKey>
}

/** The lists of methods that let a user in, each by itself. */
const listsOf = ({ keys, user }: Login, file: boolean): ReadonlyArray<ReadonlyArray<string>> =>
  user.methods?.map((list) => list.split(",")) ?? [
    ...(keys.length > 0 || file ? [["publickey"]] : []),
    ...(user.rounds === undefined ? [] : [["keyboard-interactive"]]),
    ...(user.password === undefined ? [] : [["password"]])
  ]

/** Lines with options are left out: nothing here keeps to them. */
const keysIn = (file: string): ReadonlyArray<ParsedKey> =>
  Either.getOrElse(Either.try(() => readFileSync(file, "utf8")), () => "").split("\n").flatMap((line) => {
    const key = /^(ssh|ecdsa)-/.test(line) ? ssh2.utils.parseKey(line) : undefined
    return key === undefined || key instanceof Error ? [] : [key]
  })

type Verdict = "yes" | "no" | "asked"

/** Without a signature the client only asks whether the key would do. */
const checkKey = (
  keys: ReadonlyArray<ParsedKey>,
  used: ReadonlyArray<Buffer>,
  context: PublicKeyAuthContext
): Verdict | ParsedKey => {
  const key = keys.find((key) => context.key.data.equals(key.getPublicSSH()))
  if (used.some((data) => context.key.data.equals(data))) return "no"
  if (key === undefined) return "no"
  if (context.signature === undefined || context.blob === undefined) return "asked"
  return key.verify(context.blob, context.signature, context.hashAlgo) === true ? key : "no"
}

/** Asks round after round; a wrong answer ends it at once. */
const askRounds = (
  rounds: NonNullable<SandboxUser["rounds"]>,
  context: KeyboardAuthContext,
  done: (right: boolean) => void
): void => {
  const [round, ...further] = rounds
  if (round === undefined) return done(true)
  const prompts = round.prompts.map(({ echo, text }) => ({ prompt: text, echo: echo ?? false }))
  context.prompt(prompts, round.title ?? "", round.instruction ?? "", (answers) => {
    const given: ReadonlyArray<string> = Array.isArray(answers) ? answers : []
    const right = round.prompts.every(({ answer }, index) => given[index] === Redacted.value(answer))
    return right ? askRounds(further, context, done) : done(false)
  })
}

/**
 * Answers what a connection tries. `entered` hears who has come in.
 *
 * @internal
 */
export const serve = (connection: Connection, options: {
  readonly logins: ReadonlyArray<Login>
  readonly maxTries: number
  /** Nobody is let in while it says so. */
  readonly failing: () => boolean
  /** More keys of every user, read anew each time. */
  readonly authorizedKeys: string | undefined
  readonly entered: (user: string) => void
}): void => {
  const { authorizedKeys, entered, failing, logins, maxTries } = options
  const done: Array<string> = []
  const used: Array<Buffer> = []
  let failures = 0
  let tries = 0

  connection.on("authentication", (context: AuthContext) => {
    tries += 1
    const login = logins.find(({ user }) => user.name === context.username)
    const open = (login === undefined ? [["publickey"]] : listsOf(login, authorizedKeys !== undefined))
      .filter((list) => done.every((method, index) => list[index] === method))
    const next = [...new Set(open.flatMap((list) => list.slice(done.length, done.length + 1)))] as Array<
      AuthenticationType
    >
    const wrong = (): void => {
      // As sshd, which does not count a first question for the methods.
      if (tries > 1 || context.method !== "none") failures += 1
      if (failures >= maxTries) connection.end()
      else context.reject(next)
    }
    const right = (): void => {
      done.push(context.method)
      if (open.some((list) => list.length === done.length && list[done.length - 1] === context.method)) {
        entered(context.username)
        return context.accept()
      }
      return context.reject(
        [
          ...new Set(
            open.filter((list) => list[done.length - 1] === context.method).flatMap((list) =>
              list.slice(done.length, done.length + 1)
            )
          )
        ] as Array<AuthenticationType>,
        true
      )
    }
    const allowed: ReadonlyArray<string> = next
    if (login === undefined || !allowed.includes(context.method) || failing()) return wrong()
    switch (context.method) {
      case "publickey": {
        const keys = authorizedKeys === undefined ? login.keys : [...login.keys, ...keysIn(authorizedKeys)]
        const verdict = checkKey(keys, used, context)
        if (verdict === "asked") return context.accept()
        if (typeof verdict === "string") return wrong()
        used.push(verdict.getPublicSSH())
        return right()
      }
      case "password":
        return login.user.password !== undefined && context.password === Redacted.value(login.user.password)
          ? right()
          : wrong()
      case "keyboard-interactive":
        return askRounds(login.user.rounds ?? [], context, (all) => all ? right() : wrong())
      default:
        return wrong()
    }
  })
}
