import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Command from "@effect/platform/Command"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { writeFileSync } from "node:fs"
import { networkInterfaces } from "node:os"
import { join } from "node:path"
import * as Sandbox from "../../src/testing/Sandbox.ts"
import type { SandboxUser } from "../../src/testing/SandboxUser.ts"
import { run } from "./sandboxClients.ts"

type Hosts = Sandbox.Sandbox["Type"]

const answer = (text: string, right: string, echo?: boolean) => ({ text, answer: Redacted.make(right), echo })

/** OpenSSH's own client, with a program that answers its prompts by what they hold. */
const login = (
  sandbox: Hosts,
  user: string,
  answers: Readonly<Record<string, string>>,
  ...words: ReadonlyArray<string>
) =>
  Effect.suspend(() => {
    const askpass = join(sandbox.home, "askpass")
    const cases = Object.entries(answers).map(([part, text]) => `  *"${part}"*) echo '${text}' ;;\n`)
    writeFileSync(askpass, `#!/bin/sh\necho "$1" >>${askpass}.log\ncase $1 in\n${cases.join("")}esac\n`, {
      mode: 0o700
    })
    return run(
      Command.make("ssh", "-F", sandbox.configFile, "-l", user, ...words, "host-1", "echo $USER").pipe(
        Command.env({ SSH_ASKPASS: askpass, SSH_ASKPASS_REQUIRE: "force", DISPLAY: ":0" })
      )
    )
  })

const users: ReadonlyArray<SandboxUser> = [
  { name: "pass", password: Redacted.make("open sesame"), runKey: false },
  {
    name: "asked",
    runKey: false,
    rounds: [
      { prompts: [answer("Password: ", "open sesame")], title: "Login" },
      { prompts: [answer("Code: ", "123"), answer("Colour: ", "blue", true)], instruction: "Two more" }
    ]
  },
  { name: "both", password: Redacted.make("open sesame"), methods: ["publickey,password"] }
]

const inSandbox = (
  name: string,
  options: Sandbox.Options,
  body: (sandbox: Hosts) => Effect.Effect<void, unknown, NodeContext.NodeContext>
) =>
  it.scopedLive(
    name,
    () => Effect.flatMap(Sandbox.make({ hosts: 1, users, ...options }), body).pipe(Effect.provide(NodeContext.layer)),
    60_000
  )

describe("OpenSSH's client against users of a Sandbox", () => {
  inSandbox("a password", {}, (sandbox) =>
    Effect.gen(function*() {
      const only = ["-o", "PreferredAuthentications=password"]
      const right = yield* login(sandbox, "pass", { password: "open sesame" }, ...only)
      assert.strictEqual(`${right.code} ${right.stdout}`, "0 pass\n")
      const wrong = yield* login(sandbox, "pass", { password: "open barley" }, ...only)
      assert.strictEqual(wrong.code, 255)
      assert.include(wrong.stderr, "Permission denied")
    }))

  inSandbox("keyboard-interactive, in rounds", {}, (sandbox) =>
    Effect.gen(function*() {
      const only = ["-o", "PreferredAuthentications=keyboard-interactive"]
      const answers = { Password: "open sesame", Code: "123", Colour: "blue" }
      const right = yield* login(sandbox, "asked", answers, ...only)
      assert.strictEqual(`${right.code} ${right.stdout}`, "0 asked\n", right.stderr)
      const wrong = yield* login(
        sandbox,
        "asked",
        { ...answers, Code: "124" },
        ...only,
        "-o",
        "NumberOfPasswordPrompts=1"
      )
      assert.strictEqual(wrong.code, 255)
    }))

  inSandbox("a key and a password, none of them alone", {}, (sandbox) =>
    Effect.gen(function*() {
      const right = yield* login(sandbox, "both", { password: "open sesame" })
      assert.strictEqual(`${right.code} ${right.stdout}`, "0 both\n", right.stderr)
      const key = yield* login(sandbox, "both", {}, "-o", "BatchMode=yes")
      assert.strictEqual(key.code, 255)
      assert.include(key.stderr, "Permission denied (password)")
    }))

  inSandbox("is left after as many tries as are allowed", { maxAuthTries: 2 }, (sandbox) =>
    Effect.gen(function*() {
      const wrong = yield* login(sandbox, "pass", { password: "no" }, "-o", "IdentityFile=none")
      assert.strictEqual(wrong.code, 255)
    }))

  const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === "::1"))

  describe.skipIf(!hasIpv6)("on ::1 (this machine has IPv6)", () => {
    inSandbox("is reached", { address: "::1" }, (sandbox) =>
      Effect.gen(function*() {
        const here = yield* run(Command.make("ssh", "-F", sandbox.configFile, "host-1", "echo $SSH_CONNECTION"))
        assert.match(here.stdout.toString(), /^::1 \d+ ::1 \d+\n$/)
      }))
  })
})
