/** What OpenSSH's client is given of a host's secrets, and who else sees them. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { inspect } from "node:util"
import type { AuthQuestion } from "../../src/services/AuthQuestion.ts"
import * as Host from "../../src/services/Host.ts"
import * as Ssh from "../../src/services/Ssh.ts"
import * as Sandbox from "../../src/testing/Sandbox.ts"
import type { SandboxUser } from "../../src/testing/SandboxUser.ts"
import { ownTmp } from "../ownTmp.ts"
import { command, configOf, layerOf, run } from "./ssh2Lab.ts"

type Hosts = Sandbox.Sandbox["Type"]

/** In every secret here, and in none of another process of this machine. */
const mark = `SECRET${process.pid}`

const password = Redacted.make(`${mark} 'open' $sesame`)
const wrong = Redacted.make(`${mark} barley`)
const code = Redacted.make(`${mark} 123456`)
const rounds: SandboxUser["rounds"] = [
  { prompts: [{ text: "Password: ", answer: password }] },
  { prompts: [{ text: "Verification code: ", answer: code }] }
]

const as = (sandbox: Hosts, host: Partial<Host.Options>, options: Ssh.Options = {}, file = sandbox.configFile) =>
  Effect.flatMap(Ssh.Ssh, (ssh) => ssh.connect(Host.make({ user: "ada", agent: false, ...host, alias: "host-1" })))
    .pipe(
      Effect.flatMap((connection) => run(connection, "echo $USER")),
      Effect.map((ended) => ended.stdout.trim()),
      Effect.scoped,
      Effect.provide(layerOf(file, { transport: "openssh", ...options }))
    )

const refused = (...words: Parameters<typeof as>) =>
  Effect.map(Effect.flip(as(...words)), (error) => {
    assert.strictEqual(error.reason, "Authentication", error.message)
    assert.notInclude(inspect(error, { depth: 20, showHidden: true }) + JSON.stringify(error), mark)
    return error.message
  })

const test = <A, E>(
  name: string,
  user: Omit<SandboxUser, "name">,
  body: (sandbox: Hosts) => Effect.Effect<A, E, Scope.Scope | NodeContext.NodeContext>
) =>
  it.scopedLive(
    name,
    () =>
      Effect.flatMap(Sandbox.make({ hosts: 2, users: [{ name: "ada", runKey: false, ...user }] }), body).pipe(
        Effect.provide(NodeContext.layer)
      ),
    120_000
  )

/** The config without the Sandbox's own key. */
const bare = (sandbox: Hosts, ...lines: ReadonlyArray<string>) => {
  const file = join(sandbox.home, ".ssh", "bare")
  const kept = readFileSync(sandbox.configFile, "utf8").split("\n").filter((line) => !/^\s*IdentityFile/.test(line))
  writeFileSync(file, [...lines, ...kept].join("\n"), { mode: 0o600 })
  return file
}

/** Of every process of this machine, as far as it is ours to see. */
const seen = () =>
  readdirSync("/proc").filter((name) => /^\d+$/.test(name) && name !== String(process.pid)).map((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8") + readFileSync(`/proc/${pid}/environ`, "utf8")
    } catch {
      return ""
    }
  }).join("\n")

describe("OpenSSH's client is given", () => {
  test("a password; another one is refused", { password }, (sandbox) =>
    Effect.gen(function*() {
      assert.strictEqual(yield* as(sandbox, { password }), "ada")
      assert.include(yield* refused(sandbox, { password: wrong }), "hint: correct the password")
      assert.include(yield* refused(sandbox, {}), "Host.make({ alias, passphrase })")
    }))

  test("answers, in rounds", { rounds }, (sandbox) =>
    Effect.gen(function*() {
      assert.strictEqual(yield* as(sandbox, { password, answers: { "verification CODE": code } }), "ada")
      yield* refused(sandbox, { password })
    }))

  test(
    "what somebody answers, as often as the config allows; nobody's answer is waited for",
    { password },
    (sandbox) =>
      Effect.gen(function*() {
        const asked: Array<AuthQuestion> = []
        const given = [wrong, password]
        const ask = (question: AuthQuestion) =>
          Effect.sync(() => {
            asked.push(question)
            return Option.fromNullable(given.shift()).pipe(Option.map((one) => [one]))
          })
        assert.strictEqual(yield* as(sandbox, {}, { ask, connectTimeout: "20 seconds" }), "ada")
        assert.deepStrictEqual(
          asked.map(({ attempt, kind, prompts, user }) => [kind, user, attempt, prompts[0]?.text]),
          [1, 2].map((attempt) => ["password", "ada", attempt, "ada@127.0.0.1's password: "])
        )
        yield* refused(sandbox, {}, { ask: () => Effect.never, askTimeout: "100 millis" })
        yield* refused(sandbox, {}, { ask: () => Effect.dieMessage("a bug") })
      })
  )

  test("a passphrase, and the text of a key, encrypted or not", { runKey: true }, (sandbox) =>
    Effect.gen(function*() {
      const passphrase = Redacted.make(`${mark} phrase`)
      const key = join(sandbox.home, ".ssh", "locked")
      writeFileSync(key, readFileSync(sandbox.identityFile), { mode: 0o600 })
      yield* command("ssh-keygen", ["-q", "-p", "-P", "", "-N", Redacted.value(passphrase), "-a", "1", "-f", key])
      const file = bare(sandbox)
      assert.strictEqual(yield* as(sandbox, { key, passphrase }, {}, file), "ada")
      const text = (path: string) => Redacted.make(readFileSync(path, "utf8").trim())
      assert.strictEqual(yield* as(sandbox, { key: text(key), passphrase }, {}, file), "ada")
      assert.strictEqual(yield* as(sandbox, { key: text(sandbox.identityFile) }, {}, file), "ada")
      yield* refused(sandbox, { key, passphrase: wrong }, {}, file)
    }))

  test(
    "no secret that another process sees, or that stays",
    { password },
    (sandbox) =>
      Effect.flatMap(ownTmp, (tmp) =>
        Effect.gen(function*() {
          const ssh = yield* Ssh.Ssh
          const connection = yield* ssh.connect(Host.make({ alias: "host-1", user: "ada", agent: false, password }))
          yield* connection.exec({ program: { name: "test", language: "sh", source: "exec sleep 60" }, words: [] })
          const all = seen()
          assert.include(all, "SSH_ASKPASS_REQUIRE=force")
          assert.notInclude(all, mark)
          assert.isNotEmpty(readdirSync(tmp))
          for (const entry of readdirSync(tmp, { recursive: true, withFileTypes: true })) {
            if (entry.isFile()) assert.notInclude(readFileSync(join(entry.parentPath, entry.name), "utf8"), mark)
          }
        }).pipe(Effect.scoped, Effect.provide(layerOf(sandbox.configFile, { transport: "openssh" }))))
  )

  test("no secret for its jump host", { password }, (sandbox) =>
    Effect.gen(function*() {
      const file = configOf(sandbox, "jump", "Host host-1", "  ProxyJump ada@host-2")
      const message = yield* refused(sandbox, { password }, {}, file)
      assert.include(message, "Permission denied")
      // A way of the user's own asks with the same program, and may have the same name.
      const asked: Array<string> = []
      const ask = ({ prompts }: AuthQuestion) =>
        Effect.sync(() => {
          asked.push(...prompts.map(({ text }) => text))
          return Option.some([password])
        })
      const other = bare(sandbox, "Host host-1", `  ProxyCommand ssh -F ${sandbox.configFile} -W %h:%p ada@host-2`)
      const error = yield* Effect.flip(as(sandbox, {}, { ask }, other))
      assert.include(error.message, "Permission denied")
      assert.deepStrictEqual(asked, [])
    }))
})
