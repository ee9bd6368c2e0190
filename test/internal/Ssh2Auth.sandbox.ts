import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { readFileSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { join } from "node:path"
import * as Sandbox from "../../src/testing/Sandbox.ts"
import { agent, command, configOf, connect, layerOf, run } from "./ssh2Lab.ts"

type Hosts = Sandbox.Sandbox["Type"]

/** A key of its own in the Sandbox's `.ssh`. */
const makeKey = (sandbox: Hosts, name: string, passphrase = "") => {
  const file = join(sandbox.home, ".ssh", name)
  return Effect.as(command("ssh-keygen", ["-q", "-t", "ed25519", "-N", passphrase, "-C", name, "-f", file]), file)
}

/** The Sandbox's key, the only one it accepts, under a passphrase. */
const encrypted = (sandbox: Hosts, name: string) => {
  const file = join(sandbox.home, ".ssh", name)
  writeFileSync(file, readFileSync(sandbox.identityFile), { mode: 0o600 })
  return Effect.as(command("ssh-keygen", ["-q", "-p", "-P", "", "-N", "a secret", "-f", file]), file)
}

/** Accepts and answers nothing. */
const silentSocket = (path: string) =>
  Effect.acquireRelease(
    Effect.async<ReturnType<typeof createServer>>((resume) => {
      const server = createServer((socket) => void socket.on("error", () => {}).resume())
      server.listen(path, () => resume(Effect.succeed(server)))
    }),
    (server) => Effect.sync(() => server.close())
  )

const home = (sandbox: Hosts) => `${sandbox.hosts[0]?.home}\n`

const whoAmI = (file: string) =>
  connect("host-1").pipe(
    Effect.flatMap((connection) => run(connection, "echo $HOME")),
    Effect.map((ended) => ended.stdout),
    Effect.scoped,
    Effect.provide(layerOf(file))
  )

const refused = (file: string) =>
  Effect.map(Effect.flip(whoAmI(file)), (error) => {
    assert.strictEqual(`${error.reason} ${"step" in error ? error.step : ""}`, "Authentication authenticate")
    return error.message
  })

/** Config lines that count instead of the Sandbox's own; `IdentityFile` adds up, so its key is shut out by a copy. */
const only = (sandbox: Hosts, name: string, ...lines: ReadonlyArray<string>) => {
  const file = configOf(sandbox, name)
  const own = readFileSync(sandbox.configFile, "utf8").split("\n").filter((line) =>
    !/^\s*(IdentityFile|IdentitiesOnly)/.test(line)
  )
  writeFileSync(file, `Host *\n${lines.map((line) => `  ${line}\n`).join("")}${own.join("\n")}\n`)
  return file
}

const test = <A, E>(
  name: string,
  body: (sandbox: Hosts) => Effect.Effect<A, E, Scope.Scope | NodeContext.NodeContext>
) =>
  it.scopedLive(
    name,
    () => Effect.flatMap(Sandbox.make({ hosts: 1 }), body).pipe(Effect.provide(NodeContext.layer)),
    60_000
  )

describe("keys", () => {
  test("a configured one, then another: the second is accepted", (sandbox) =>
    Effect.gen(function*() {
      const wrong = yield* makeKey(sandbox, "wrong")
      const file = only(sandbox, "two", `IdentityFile ${wrong}`, `IdentityFile ${sandbox.identityFile}`)
      assert.strictEqual(yield* whoAmI(file), home(sandbox))
    }))

  test("at most five are tried: the error names them, and the sixth", (sandbox) =>
    Effect.gen(function*() {
      const wrong = yield* Effect.forEach([1, 2, 3, 4, 5], (n) => makeKey(sandbox, `wrong-${n}`))
      const lines = [...wrong, sandbox.identityFile].map((key) => `IdentityFile ${key}`)
      const message = yield* refused(only(sandbox, "six", ...lines))
      assert.include(message, `takes none of ${wrong.join(", ")} (not offered: ${sandbox.identityFile}, since`)
      // As the fifth it is reached.
      const file = only(sandbox, "five", ...lines.slice(1))
      assert.strictEqual(yield* whoAmI(file), home(sandbox))
    }))

  test("an agent's is accepted, after the configured ones", (sandbox) =>
    Effect.gen(function*() {
      const wrong = yield* makeKey(sandbox, "wrong")
      const socket = yield* agent(sandbox.home, sandbox.identityFile)
      const lines = [`IdentityFile ${wrong}`, `IdentityAgent ${socket}`]
      assert.strictEqual(yield* whoAmI(only(sandbox, "agent", ...lines)), home(sandbox))
      const alone = yield* refused(only(sandbox, "alone", ...lines, "IdentitiesOnly yes"))
      assert.include(alone, `takes none of ${wrong} (not offered: 1 more of the agent, since IdentitiesOnly is set)`)
      const none = yield* refused(only(sandbox, "none", `IdentityFile ${wrong}`, "IdentityAgent none"))
      assert.notInclude(none, "agent's")
    }))

  test("the configured ones come first: an agent full of others does not use up the tries", (sandbox) =>
    Effect.gen(function*() {
      const others = yield* Effect.forEach([1, 2, 3, 4, 5, 6], (n) => makeKey(sandbox, `other-${n}`))
      const socket = yield* agent(sandbox.home, ...others)
      const file = only(sandbox, "full", `IdentityFile ${sandbox.identityFile}`, `IdentityAgent ${socket}`)
      assert.strictEqual(yield* whoAmI(file), home(sandbox))
    }))

  test("an encrypted one: signed by the agent that holds it, else an error that says so", (sandbox) =>
    Effect.gen(function*() {
      const file = yield* encrypted(sandbox, "locked")
      const message = yield* refused(only(sandbox, "locked-alone", `IdentityFile ${file}`, "IdentityAgent none"))
      assert.include(message, `there is no key to offer: ${file} is encrypted and no agent holds it`)
      assert.include(message, `hint: unlock it once for all programs: ssh-add ${file}`)
      // No `.pub` lies beside it: its public part is read out of the encrypted file.
      const socket = yield* agent(sandbox.home, sandbox.identityFile)
      const lines = [`IdentityFile ${file}`, `IdentityAgent ${socket}`, "IdentitiesOnly yes"]
      assert.strictEqual(yield* whoAmI(only(sandbox, "locked-agent", ...lines)), home(sandbox))
    }))

  test("a public key names the agent's", (sandbox) =>
    Effect.gen(function*() {
      const file = `${sandbox.identityFile}.pub`
      const lines = [`IdentityFile ${file}`, "IdentitiesOnly yes"]
      const message = yield* refused(only(sandbox, "half-alone", ...lines, "IdentityAgent none"))
      assert.include(message, `${file} is a public key and no agent holds its other half`)
      const socket = yield* agent(sandbox.home, sandbox.identityFile)
      assert.strictEqual(yield* whoAmI(only(sandbox, "half", ...lines, `IdentityAgent ${socket}`)), home(sandbox))
    }))

  test("what is not there, not readable, not allowed is named", (sandbox) =>
    Effect.gen(function*() {
      const nowhere = join(sandbox.home, "nowhere")
      const missing = yield* refused(only(sandbox, "missing", `IdentityFile ${nowhere}`, `IdentityAgent ${nowhere}`))
      assert.include(missing, `${nowhere} is not there, the agent at ${nowhere} cannot be reached`)
      const directory = yield* refused(only(sandbox, "directory", `IdentityFile ${sandbox.home}`, "IdentityAgent none"))
      assert.include(directory, `${sandbox.home} cannot be read: EISDIR`)
      const off = yield* refused(
        only(sandbox, "off", `IdentityFile ${sandbox.identityFile}`, "PubkeyAuthentication no")
      )
      assert.include(off, "PubkeyAuthentication is off in the ssh config")
    }))

  test("an agent that says nothing is named, not waited for", (sandbox) =>
    Effect.gen(function*() {
      const socket = join(sandbox.home, "silent")
      yield* silentSocket(socket)
      const message = yield* refused(only(sandbox, "silent", "IdentityFile none", `IdentityAgent ${socket}`))
      assert.include(message, `there is no key to offer: the agent at ${socket} does not answer`)
    }))
})
