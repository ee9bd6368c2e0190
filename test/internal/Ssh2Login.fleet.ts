import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, describe, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { appendFileSync, readFileSync, writeFileSync } from "node:fs"
import type { AuthQuestion } from "../../src/services/AuthQuestion.ts"
import * as Host from "../../src/services/Host.ts"
import * as Ssh from "../../src/services/Ssh.ts"
import * as SshConformance from "../../src/testing/SshConformance.ts"
import * as Fleet from "../fleet/Fleet.ts"
import { agent, command, connect, layerOf, run } from "./ssh2Lab.ts"

const secret = "open SECRET sesame"
const password = Redacted.make(secret)
const wrong = Redacted.make("open SECRET barley")

/** Where compression and ciphers have the most to do. */
const bulk = SshConformance.cases.filter(({ name }) => /twenty megabytes|holds its program back/.test(name))

/** The fleet's config with lines before it, with or without its own key. */
const configOf = (fleet: Fleet.FleetService, name: string, keys: boolean, ...lines: ReadonlyArray<string>) => {
  const file = `${fleet.home}/.ssh/${name}`
  const own = readFileSync(fleet.configFile, "utf8").split("\n").filter((line) =>
    keys || !line.includes("IdentityFile")
  )
  writeFileSync(file, `${[...lines, "Host *", ...(keys ? [] : ["  IdentityFile none"]), ...own].join("\n")}\n`)
  return file
}

const login = (file: string, host: Partial<Host.Options>, options?: Ssh.Options) =>
  Effect.flatMap(Ssh.Ssh, (ssh) => ssh.connect(Host.make({ ...host, alias: "host1" }))).pipe(
    Effect.flatMap((connection) => run(connection, "hostname")),
    Effect.map((ended) => ended.stdout),
    Effect.scoped,
    Effect.provide(layerOf(file, options))
  )

const refused = (...words: Parameters<typeof login>) =>
  Effect.map(Effect.flip(login(...words)), (error) => {
    assert.strictEqual(error.reason, "Authentication", error.message)
    assert.notInclude(error.message, "SECRET")
    return error.message
  })

const withFleet = <A, E>(body: (fleet: Fleet.FleetService) => Effect.Effect<A, E, Fleet.Fleet>) =>
  Effect.flatMap(Fleet.Fleet, body)

const passwords = ["PermitRootLogin yes", "PasswordAuthentication yes"]

describe.skipIf(!Fleet.available)("logging in to sshd", () => {
  layer(Fleet.layer({ hosts: 1, password: secret, sshd: passwords }), { excludeTestServices: true })(
    "that takes passwords",
    (it) => {
      it.effect("the right one, a wrong one, one that is asked for", () =>
        withFleet((fleet) =>
          Effect.gen(function*() {
            const file = configOf(fleet, "none", false)
            assert.strictEqual(yield* login(file, { password }), "host1\n")
            const message = yield* refused(file, { password: wrong })
            assert.include(message, "takes none of the password")
            assert.include(message, "hint: correct the password")
            const asked: Array<AuthQuestion> = []
            const ask = (question: AuthQuestion) =>
              Effect.sync(() => Option.some([asked.push(question) === 3 ? password : wrong]))
            assert.strictEqual(yield* login(file, {}, { ask }), "host1\n")
            assert.deepStrictEqual(asked.map(({ attempt, kind }) => `${kind} ${attempt}`), [
              "password 1",
              "password 2",
              "password 3"
            ])
            assert.strictEqual(yield* login(file, { password }, { transport: "openssh" }), "host1\n")
            assert.include(yield* refused(file, { password: wrong }, { transport: "openssh" }), "Permission denied")
          })
        ), 60_000)
    }
  )

  layer(
    Fleet.layer({
      hosts: 1,
      password: secret,
      sshd: ["PermitRootLogin yes", "UsePAM yes", "KbdInteractiveAuthentication yes"]
    }),
    { excludeTestServices: true }
  )("that asks through PAM", (it) => {
    it.effect(
      "keyboard-interactive with the password, right and wrong",
      () =>
        withFleet((fleet) =>
          Effect.gen(function*() {
            const file = configOf(fleet, "none", false)
            assert.strictEqual(yield* login(file, { password }), "host1\n")
            assert.strictEqual(yield* login(file, { answers: { Password: password } }), "host1\n")
            assert.include(yield* refused(file, { password: wrong }), "the answers to its prompts")
            const openssh = { transport: "openssh" } as const
            assert.strictEqual(yield* login(file, { answers: { Password: password } }, openssh), "host1\n")
            assert.include(yield* refused(file, { password: wrong }, openssh), "Permission denied")
          })
        ),
      60_000
    )
  })

  layer(
    Fleet.layer({
      hosts: 1,
      password: secret,
      sshd: [...passwords, "AuthenticationMethods publickey,password publickey,publickey", "MaxAuthTries 3"]
    }),
    { excludeTestServices: true }
  )("that wants two things", (it) => {
    it.effect(
      "a key and a password, two keys, an encrypted one, an agent's, and neither of them alone",
      () =>
        withFleet((fleet) =>
          Effect.gen(function*() {
            const own = `${fleet.home}/.ssh/id_ed25519`
            const file = configOf(fleet, "both", true)
            assert.strictEqual(yield* login(file, { password }), "host1\n")
            assert.include(yield* refused(file, {}), "root@10.77.0.1")
            yield* refused(file, { password: wrong })
            yield* refused(configOf(fleet, "password-only", false), { password })

            const second = `${fleet.home}/.ssh/second`
            yield* command("ssh-keygen", ["-q", "-t", "rsa", "-b", "2048", "-N", secret, "-C", "second", "-f", second])
            appendFileSync(`${fleet.disk(1)}/home/.ssh/authorized_keys`, readFileSync(`${second}.pub`))
            assert.strictEqual(yield* login(file, { key: second, passphrase: password }), "host1\n")
            const pem = Redacted.make(readFileSync(second, "utf8"))
            assert.strictEqual(yield* login(file, { key: pem, passphrase: password }), "host1\n")
            const message = yield* refused(file, { key: second, passphrase: wrong })
            assert.include(message, `${second} is encrypted, and the given passphrase does not open it`)

            const socket = yield* agent(fleet.home, own)
            const bare = configOf(fleet, "agent", false)
            writeFileSync(bare, readFileSync(bare, "utf8").replaceAll("IdentitiesOnly yes", "IdentitiesOnly no"))
            assert.strictEqual(yield* login(bare, { agent: socket, password }), "host1\n")
            assert.strictEqual(yield* login(bare, { agent: socket, key: second, passphrase: password }), "host1\n")
            yield* refused(bare, { agent: socket })
          }).pipe(Effect.scoped, Effect.provide(NodeContext.layer))
        ),
      120_000
    )
  })

  layer(
    Fleet.layer({
      hosts: 1,
      sshd: ["Ciphers aes256-ctr", "MACs hmac-sha2-512", "KexAlgorithms ecdh-sha2-nistp384", "Compression yes"]
    }),
    { excludeTestServices: true }
  )("with algorithms of its own", (it) => {
    it.effect("those of the config are used, and compression", () =>
      withFleet((fleet) =>
        Effect.gen(function*() {
          const with_ = (name: string, ...lines: ReadonlyArray<string>) =>
            layerOf(configOf(fleet, name, true, "Host *", ...lines.map((line) => `  ${line}`)))
          const same = ["Ciphers ^aes256-ctr", "MACs +hmac-sha2-512", "KexAlgorithms ecdh-sha2-nistp384"]
          for (const lines of [same, [...same, "Compression yes"]]) {
            yield* Effect.forEach(bulk, (each) => each.run({ name: "sshd", host: Host.make({ alias: "host1" }) })).pipe(
              Effect.provide(with_("same", ...lines))
            )
          }
          const ways: ReadonlyArray<string> = ["Ciphers aes128-ctr", "MACs -hmac-sha2-512", "KexAlgorithms -ecdh-*"]
          for (const line of ways) {
            const error = yield* connect("host1").pipe(Effect.scoped, Effect.flip, Effect.provide(with_("other", line)))
            assert.strictEqual(`${line}: ${error.reason}`, `${line}: Protocol`)
          }
          const none = yield* connect("host1").pipe(
            Effect.scoped,
            Effect.flip,
            Effect.provide(with_("none", "Ciphers blowfish-cbc"))
          )
          assert.strictEqual(none.reason, "Unsupported")
          assert.include(none.message, "ssh2 has nothing of what `Ciphers blowfish-cbc` names")
        })
      ), 120_000)
  })

  layer(Fleet.layer({ hosts: 2 }), { excludeTestServices: true })("over IPv6", (it) => {
    it.effect("an address, and through a jump host to one", () =>
      withFleet((fleet) =>
        Effect.gen(function*() {
          yield* fleet.isolate(false)
          const file = configOf(
            fleet,
            "six",
            true,
            "Host host1",
            "  HostName fd77::1",
            "Host host2",
            "  HostName fd77::2",
            "  ProxyJump host1"
          )
          const client = (name: string) =>
            connect(name).pipe(
              Effect.flatMap((connection) => run(connection, "hostname; echo ${SSH_CONNECTION%% *}")),
              Effect.map(({ stdout }) => stdout),
              Effect.scoped,
              Effect.provide(layerOf(file))
            )
          assert.strictEqual(yield* client("host1"), "host1\nfd77::fe\n")
          assert.strictEqual(yield* client("host2"), "host2\nfd77::1\n")
        })
      ), 60_000)
  })
})
