import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Tracer from "effect/Tracer"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { inspect } from "node:util"
import type { AuthQuestion } from "../../src/services/AuthQuestion.ts"
import * as Host from "../../src/services/Host.ts"
import * as Ssh from "../../src/services/Ssh.ts"
import * as Sandbox from "../../src/testing/Sandbox.ts"
import type { SandboxUser } from "../../src/testing/SandboxUser.ts"
import { agent, command, configOf, hostOf, layerOf, run } from "./ssh2Lab.ts"

type Hosts = Sandbox.Sandbox["Type"]

const password = Redacted.make("SECRET open sesame")
const wrong = Redacted.make("SECRET open barley")
const prompt = (text: string, answer: Redacted.Redacted<string>) => ({ text, answer })

/** `ada` and nobody else, without the Sandbox's own key. */
const ada = (user: Omit<SandboxUser, "name">): Sandbox.Options => ({
  hosts: 1,
  users: [{ name: "ada", runKey: false, ...user }]
})

const as = (sandbox: Hosts, host: Partial<Host.Options>, options: Ssh.Options = {}, file = sandbox.configFile) =>
  Effect.flatMap(Ssh.Ssh, (ssh) => ssh.connect(Host.make({ user: "ada", ...host, alias: "host-1" }))).pipe(
    Effect.flatMap((connection) => run(connection, "echo $USER")),
    Effect.map((ended) => ended.stdout.trim()),
    Effect.scoped,
    Effect.provide(layerOf(file, options))
  )

const refused = (...words: Parameters<typeof as>) =>
  Effect.map(Effect.flip(as(...words)), (error) => {
    assert.strictEqual(error.reason, "Authentication", error.message)
    assert.notInclude(inspect(error, { depth: 20, showHidden: true }) + JSON.stringify(error), "SECRET")
    return error.message
  })

/** Answers in turn; keeps what was asked. */
const answering = (...answers: ReadonlyArray<ReadonlyArray<Redacted.Redacted<string>> | undefined>) => {
  const asked: Array<AuthQuestion> = []
  const ask = (question: AuthQuestion) =>
    Effect.sync(() => {
      asked.push(question)
      return Option.fromNullable(answers[asked.length - 1])
    })
  return { asked, ask }
}

const test = <A, E>(
  name: string,
  options: Sandbox.Options,
  body: (sandbox: Hosts) => Effect.Effect<A, E, Scope.Scope | NodeContext.NodeContext>
) =>
  it.scopedLive(
    name,
    () => Effect.flatMap(Sandbox.make(options), body).pipe(Effect.provide(NodeContext.layer)),
    120_000
  )

describe("a password", () => {
  test(
    "lets in; another one is refused, with a word on what to do",
    ada({ password }),
    (sandbox) =>
      Effect.gen(function*() {
        assert.strictEqual(yield* as(sandbox, { password }), "ada")
        const message = yield* refused(sandbox, { password: wrong })
        assert.include(message, "ada@127.0.0.1 takes none of")
        assert.include(message, "the password")
        assert.include(message, "hint: correct the password")
        const none = yield* refused(sandbox, {})
        assert.include(none, "is not content with a key, it wants password")
        assert.include(none, "Host.make({ alias, password })")
      })
  )

  test("is asked for as often as the config allows", ada({ password }), (sandbox) =>
    Effect.gen(function*() {
      const third = answering([wrong], [wrong], [password])
      assert.strictEqual(yield* as(sandbox, {}, { ask: third.ask }), "ada")
      assert.deepStrictEqual(
        third.asked.map(({ attempt, kind, prompts, user }) => [kind, user, attempt, prompts]),
        [1, 2, 3].map((attempt) => ["password", "ada", attempt, [{ text: "ada@127.0.0.1's password: ", echo: false }]])
      )
      const once = answering([wrong], [password])
      yield* refused(sandbox, {}, { ask: once.ask }, configOf(sandbox, "once", "NumberOfPasswordPrompts 1"))
      assert.lengthOf(once.asked, 1)
      const gaveUp = answering(undefined, [password])
      yield* refused(sandbox, {}, { ask: gaveUp.ask })
      assert.lengthOf(gaveUp.asked, 1)
    }))

  test("is not tried where the config turns it off", ada({ password }), (sandbox) =>
    Effect.gen(function*() {
      yield* refused(sandbox, { password }, {}, configOf(sandbox, "off", "PasswordAuthentication no"))
      const file = configOf(sandbox, "only", "PreferredAuthentications password")
      assert.strictEqual(yield* as(sandbox, { password }, {}, file), "ada")
    }))

  test(
    "decides on what is shared",
    { hosts: 1, users: [{ name: "ada", runKey: false, password }] },
    (sandbox) =>
      Effect.gen(function*() {
        const { connections } = hostOf(sandbox, "host-1")
        const ssh = yield* Ssh.Ssh
        const host = (password: Redacted.Redacted<string>) => Host.make({ alias: "host-1", user: "ada", password })
        const one = yield* ssh.connect(host(password))
        assert.strictEqual(yield* ssh.connect(host(Redacted.make(Redacted.value(password)))), one)
        assert.strictEqual(yield* connections, 1)
        // One that does not know the password does not come in by what another has opened.
        const error = yield* Effect.flip(ssh.connect(host(wrong)))
        assert.strictEqual(error.reason, "Authentication")
        assert.strictEqual(yield* connections, 2)
      }).pipe(Effect.scoped, Effect.provide(layerOf(sandbox.configFile)))
  )
})

describe("secrets", () => {
  test(
    "show in no span and no log, right or wrong",
    ada({ password, rounds: [{ prompts: [prompt("Password: ", password)] }] }),
    (
      sandbox
    ) =>
      Effect.gen(function*() {
        const seen: Array<unknown> = []
        const native = yield* Effect.tracer
        const tracer = Tracer.make({
          span: (...words) => {
            const span = native.span(...words)
            seen.push(span)
            return span
          },
          context: (run) => run()
        })
        const logger = Logger.make((line) => void seen.push(line.message, line.cause, line.annotations))
        for (const given of [password, wrong]) {
          const host = { password: given, passphrase: given, answers: { Nothing: given }, key: given }
          seen.push(
            yield* Effect.exit(as(sandbox, host)).pipe(
              Effect.withTracer(tracer),
              Logger.withMinimumLogLevel(LogLevel.All),
              Effect.provide(Logger.replace(Logger.defaultLogger, logger))
            )
          )
        }
        const text = seen.map((one) => inspect(one, { depth: 12 })).join("\n")
        assert.include(text, "Ssh.connect")
        assert.include(text, "Authentication")
        assert.notInclude(text, "SECRET")
      })
  )
})

const code = Redacted.make("SECRET 123456")
const rounds: SandboxUser["rounds"] = [
  { prompts: [prompt("Password: ", password)] },
  {
    prompts: [prompt("Verification code: ", code), prompt("Colour:", Redacted.make("SECRET blue"))],
    instruction: "two"
  }
]

describe("keyboard-interactive", () => {
  test("asks for the password alone", ada({ rounds: rounds?.slice(0, 1) }), (sandbox) =>
    Effect.gen(function*() {
      assert.strictEqual(yield* as(sandbox, { password }), "ada")
      assert.include(yield* refused(sandbox, { password: wrong }), "the answers to its prompts")
    }))

  test("in rounds: answers of the host by a part of the prompt", ada({ rounds }), (sandbox) =>
    Effect.gen(function*() {
      const answers = { "verification CODE": code, "Colour": Redacted.make("SECRET blue") }
      assert.strictEqual(yield* as(sandbox, { password, answers }), "ada")
      const message = yield* refused(sandbox, { password, answers: { Colour: Redacted.make("SECRET blue") } })
      assert.include(message, `asks by keyboard-interactive: nobody answers "Verification code:"`)
      assert.include(message, "hint: give the answer: Host.make(")
    }))

  test("asks only for what the host does not answer", ada({ rounds }), (sandbox) =>
    Effect.gen(function*() {
      const { ask, asked } = answering([code])
      const answers = { Colour: Redacted.make("SECRET blue") }
      assert.strictEqual(yield* as(sandbox, { password, answers }, { ask }), "ada")
      assert.deepStrictEqual(
        asked.map((
          { host, instruction, kind, prompts }
        ) => [host.alias, kind, instruction, prompts.map((p) => p.text)]),
        [["host-1", "keyboard-interactive", "two", ["Verification code:"]]]
      )
      // As many answers as questions, or none.
      yield* refused(sandbox, { password, answers }, { ask: answering([code, code]).ask })
    }))

  test(
    "a server that asks without end is left",
    ada({
      rounds: Array.from({ length: 30 }, () => ({ prompts: [prompt("More: ", code)] }))
    }),
    (sandbox) =>
      Effect.gen(function*() {
        const message = yield* refused(sandbox, {}, { ask: () => Effect.succeedSome([code]) })
        assert.include(message, "the server asks without an end")
      })
  )

  test("one who never answers is not waited for", ada({ rounds }), (sandbox) =>
    Effect.gen(function*() {
      const options: Ssh.Options = { ask: () => Effect.never, askTimeout: "100 millis" }
      assert.include(yield* refused(sandbox, {}, options), "nobody answers")
      // Its bugs are no refusals.
      const exit = yield* Effect.exit(as(sandbox, {}, { ask: () => Effect.dieMessage("a bug") }))
      assert.isTrue(Exit.isFailure(exit) && Cause.isDie(exit.cause))
    }))
})

describe("several factors", () => {
  const both = { password, rounds: rounds?.slice(0, 1), runKey: true }

  test(
    "a key, then a password",
    ada({ ...both, methods: ["publickey,password"] }),
    (sandbox) =>
      Effect.gen(function*() {
        assert.strictEqual(yield* as(sandbox, { password }), "ada")
        const message = yield* refused(sandbox, {})
        assert.include(message, "is not content with a key, it wants password")
      })
  )

  test(
    "a key, then prompts",
    ada({ ...both, methods: ["publickey,keyboard-interactive"] }),
    (sandbox) =>
      Effect.gen(function*() {
        assert.strictEqual(yield* as(sandbox, { password }), "ada")
        assert.strictEqual(yield* as(sandbox, {}, { ask: answering([password]).ask }), "ada")
      })
  )

  test(
    "a password, then a key",
    ada({ ...both, methods: ["password,publickey"] }),
    (sandbox) =>
      Effect.gen(function*() {
        assert.strictEqual(yield* as(sandbox, { password }), "ada")
      })
  )

  test(
    "a key of an agent, then a password",
    ada({ ...both, methods: ["publickey,password"] }),
    (sandbox) =>
      Effect.gen(function*() {
        const socket = yield* agent(sandbox.home, sandbox.identityFile)
        assert.strictEqual(yield* as(sandbox, { password, agent: socket }), "ada")
        // What ssh2 does not tell: after the agent's key it is a password that is wanted.
        const message = yield* refused(sandbox, { agent: socket })
        assert.include(message, "it wants password")
      })
  )

  it.scopedLive("two keys", () =>
    Effect.gen(function*() {
      const keys = yield* Sandbox.make({ hosts: 1 })
      const second = join(keys.home, ".ssh", "second")
      yield* command("ssh-keygen", ["-q", "-t", "ecdsa", "-N", "", "-f", second])
      const publicKeys = [readFileSync(`${second}.pub`, "utf8").trim()]
      const sandbox = yield* Sandbox.make(ada({ runKey: true, publicKeys, methods: ["publickey,publickey"] }))
      assert.strictEqual(yield* as(sandbox, { key: second }), "ada")
      assert.include(yield* refused(sandbox, {}), "takes none of")
    }).pipe(Effect.provide(NodeContext.layer)), 60_000)

  test(
    "the tries of a server are kept",
    { ...ada({ password }), maxAuthTries: 2 },
    (sandbox) =>
      Effect.gen(function*() {
        // The Sandbox's key is the first, which is refused.
        assert.strictEqual(yield* as(sandbox, { password }), "ada")
        assert.include(yield* refused(sandbox, { password: wrong }), "takes none of")
        const { ask, asked } = answering([wrong], [password])
        yield* refused(sandbox, {}, { ask })
        assert.lengthOf(asked, 1)
      })
  )
})

describe("an encrypted key", () => {
  const passphrase = Redacted.make("SECRET phrase")
  const encrypted = (sandbox: Hosts, name: string, ...words: ReadonlyArray<string>) => {
    const file = join(sandbox.home, ".ssh", name)
    writeFileSync(file, readFileSync(sandbox.identityFile), { mode: 0o600 })
    const change = ["-q", "-p", "-P", "", "-N", Redacted.value(passphrase), "-a", "1", "-f", file, ...words]
    return Effect.as(command("ssh-keygen", change), file)
  }
  /** The config without the Sandbox's own key. */
  const bare = (sandbox: Hosts, name: string) => {
    const file = join(sandbox.home, ".ssh", name)
    const lines = readFileSync(sandbox.configFile, "utf8").split("\n").filter((line) => !/^\s*IdentityFile/.test(line))
    writeFileSync(file, lines.join("\n"), { mode: 0o600 })
    return file
  }

  test(
    "is unlocked by the host's passphrase, else by the one who is asked, once",
    ada({ runKey: true }),
    (sandbox) =>
      Effect.gen(function*() {
        const key = yield* encrypted(sandbox, "locked")
        const file = bare(sandbox, "bare")
        assert.strictEqual(yield* as(sandbox, { key, passphrase, agent: false }, {}, file), "ada")
        const pem = Redacted.make(readFileSync(key, "utf8"))
        assert.strictEqual(yield* as(sandbox, { key: pem, passphrase, agent: false }, {}, file), "ada")
        const plain = Redacted.make(readFileSync(sandbox.identityFile, "utf8"))
        assert.strictEqual(yield* as(sandbox, { key: plain, agent: false }, {}, file), "ada")

        const message = yield* refused(sandbox, { key, passphrase: wrong, agent: false }, {}, file)
        assert.include(message, `${key} is encrypted, and the given passphrase does not open it`)
        assert.include(message, "hint: correct the passphrase")

        const { ask, asked } = answering([wrong], [passphrase])
        yield* Effect.gen(function*() {
          const ssh = yield* Ssh.Ssh
          const host = Host.make({ alias: "host-1", user: "ada", key, agent: false })
          yield* Effect.scoped(ssh.connect(host))
          yield* Effect.scoped(ssh.connect(host))
        }).pipe(Effect.provide(layerOf(file, { ask })))
        assert.deepStrictEqual(
          asked.map(({ attempt, kind, prompts }) => [kind, attempt, prompts[0]?.text]),
          [1, 2].map((attempt) => ["passphrase", attempt, `Enter passphrase for key '${key}': `])
        )
      })
  )

  test(
    "is asked for only when a server takes it",
    ada({ password, methods: ["password"] }),
    (sandbox) =>
      Effect.gen(function*() {
        const key = yield* encrypted(sandbox, "unwanted")
        const { ask, asked } = answering([password])
        assert.strictEqual(yield* as(sandbox, { key, agent: false }, { ask }, bare(sandbox, "bare")), "ada")
        assert.deepStrictEqual(asked.map(({ kind }) => kind), ["password"])
      })
  )

  for (const [type, ...words] of [["rsa", "-b", "2048", "-m", "PEM"], ["rsa", "-b", "2048"], ["ecdsa"]] as const) {
    it.scopedLive(`of type ${[type, ...words].join(" ")}`, () =>
      Effect.gen(function*() {
        const keys = yield* Sandbox.make({ hosts: 1 })
        const key = join(keys.home, ".ssh", "other")
        yield* command("ssh-keygen", ["-q", "-t", type, ...words, "-N", Redacted.value(passphrase), "-f", key])
        const publicKeys = [readFileSync(`${key}.pub`, "utf8").trim()]
        // In the old format the public half is not to be seen in the file.
        yield* command("mv", [`${key}.pub`, `${key}.moved`])
        const sandbox = yield* Sandbox.make(ada({ publicKeys }))
        assert.strictEqual(yield* as(sandbox, { key, passphrase, agent: false }, {}, bare(sandbox, "bare")), "ada")
      }).pipe(Effect.provide(NodeContext.layer)), 60_000)
  }

  test("an agent of the host's own, and none", ada({ runKey: true }), (sandbox) =>
    Effect.gen(function*() {
      const socket = yield* agent(sandbox.home, sandbox.identityFile)
      const file = bare(sandbox, "no-identities")
      writeFileSync(file, readFileSync(file, "utf8").replaceAll(/ *IdentitiesOnly.*\n/g, ""))
      assert.strictEqual(yield* as(sandbox, { agent: socket }, {}, file), "ada")
      assert.include(yield* refused(sandbox, { agent: false }, {}, file), "there is no key to offer")
    }))
})
