/**
 * What OpenSSH's client asks for, answered from this process: it runs a program of ours for each question (SSH_ASKPASS), and that
 * asks back over a socket. No secret is in a file, an argument or a variable.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { createServer, type Socket } from "node:net"
import { execPath } from "node:process"
import type { AuthQuestion } from "../services/AuthQuestion.ts"
import type { ResolvedHost } from "../services/SshConfig.ts"
import type { SshError } from "../services/SshError.ts"
import type { Asking } from "./asking.ts"
import * as Folder from "./opensshFolder.ts"
import { linkLost } from "./ssh2Errors.ts"
import * as Prompts from "./ssh2Prompts.ts"
import { quoteAll } from "./words.ts"

/**
 * Holds the number of the master's process.
 *
 * @internal
 */
export const masterVariable = "LAZYCLUSTER_SSH_MASTER"

/** No prompt is longer. */
const longestPrompt = 8192

const asker = [
  `var answer = ""`,
  `require("net").connect(process.argv[1]).setEncoding("utf8")`,
  `.on("data", (text) => { answer += text }).on("error", () => {})`,
  `.on("close", () => { process.exitCode = answer === "" ? 1 : 0; process.stdout.write(answer) })`,
  `.end(process.argv[2])`
]

/**
 * For the master alone, not for a client in its ProxyCommand. Notes and questions for yes or no, which come with a variable of
 * their own, are for nobody.
 */
const script = (socket: string): string =>
  `#!/bin/sh\n[ "$PPID" = "$${masterVariable}" ] && [ -z "$SSH_ASKPASS_PROMPT" ] || exit 1\nexec ${
    quoteAll([execPath, "-e", `${asker[0]};${asker.slice(1).join("")}`, socket])
  } "$1"\n`

type Answer = Effect.Effect<Option.Option<string>>

/**
 * The answers to the client's prompts. What a server asks has the names of user and host before it since OpenSSH 8.5, so
 * it cannot pass for a question of the client's own, nor a jump host for the host; `trusted` tells whether the client does so.
 *
 * @internal
 */
export const answers = (
  resolved: Pick<ResolvedHost, "host" | "user" | "hostName" | "hostKeyAlias">,
  asking: Asking,
  trusted: () => boolean
): (prompt: string) => Answer => {
  const { host, user } = resolved
  const name = (resolved.hostKeyAlias ?? resolved.hostName).toLowerCase()
  const interactive = `(${user}@${name}) `
  const password = `${user.slice(0, 30)}@${name.slice(0, 128)}'s password: `
  const prompts = Prompts.make(resolved, asking)
  const tries = new Map<string, number>()

  /** The host's own at first, then those of who is asked. */
  const secret = (
    kind: AuthQuestion["kind"],
    own: Redacted.Redacted<string> | undefined,
    text: string
  ): Effect.Effect<Option.Option<string>> =>
    Effect.suspend(() => {
      const tried = tries.get(text) ?? 0
      tries.set(text, tried + 1)
      if (own !== undefined && tried === 0) return Effect.succeedSome(Redacted.value(own))
      const attempt = own === undefined ? tried + 1 : tried
      const { ask } = asking
      if (ask === undefined) return Effect.succeedNone
      const asked = ask({ host, user, kind, instruction: "", prompts: [{ text, echo: false }], attempt })
      return Effect.map(
        asking.turn(host.alias, asked),
        Option.flatMap(([one]) => Option.map(Option.fromNullable(one), Redacted.value))
      )
    })

  return (prompt) => {
    if (!trusted()) return Effect.succeedNone
    if (prompt.startsWith(interactive)) {
      const text = Prompts.harmless(prompt.slice(interactive.length))
      return prompts.answer("", [{ text, echo: false }]).pipe(
        Effect.map(([one]) => Option.fromNullable(one)),
        Effect.orElseSucceed(() => Option.none())
      )
    }
    if (prompt === password) return secret("password", host.password, prompt)
    return prompt.startsWith("Enter passphrase for key '")
      ? secret("passphrase", host.passphrase, prompt)
      : Effect.succeedNone
  }
}

/**
 * Listens for the client's questions in its directory; gives the path of the program for SSH_ASKPASS. An answer is one line.
 *
 * @internal
 */
export const make = (
  host: string,
  directory: string,
  answer: (prompt: string) => Answer
): Effect.Effect<string, SshError, Scope.Scope> =>
  Effect.gen(function*() {
    const socketPath = `${directory}/a`
    const program = `${directory}/askpass`
    const run = yield* FiberSet.makeRuntime<never>()
    const hear = (socket: Socket): void => {
      let prompt = ""
      socket.setEncoding("utf8").on("error", () => {}).on("data", (text: string) => {
        prompt = (prompt + text).slice(0, longestPrompt)
      }).on("end", () => void run(answered(socket, prompt)))
    }
    const answered = (socket: Socket, prompt: string) =>
      answer(prompt).pipe(
        Effect.map(Option.map((text) => socket.write(`${text}\n`))),
        // A bug of the one who answers is no answer.
        Effect.catchAllCause(() => Effect.void),
        Effect.ensuring(Effect.sync(() => void socket.destroySoon()))
      )
    yield* Folder.write(host, program, script(socketPath), 0o700)
    const server = yield* Effect.acquireRelease(
      Effect.sync(() => createServer({ allowHalfOpen: true }, hear)),
      (server) => Effect.sync(() => void server.close(() => {}))
    )
    yield* Effect.async<void, SshError>((resume) => {
      server.on("error", (cause) => resume(Effect.fail(linkLost(host, "connect", cause)))).listen(socketPath, () =>
        resume(Effect.void))
    })
    return program
  })
