/** add-runtime on real SSH servers: a host key that is asked about, a password that lets the key in, and OpenSSH that agrees. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Command from "@effect/platform/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import { spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import { Question } from "../../src/cli/Question.ts"
import * as Sandbox from "../../src/testing/Sandbox.ts"
import * as commandLine from "./commandLine.ts"

const isInstalled = spawnSync("ssh", ["-V"]).status === 0

it.scopedLive.skipIf(!isInstalled)("a stranger's host becomes a runtime", () =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const password = Redacted.make("correct horse")
    const { hosts: [host] } = yield* Sandbox.make({
      hosts: 1,
      authorizedKeys: true,
      users: [{ name: "ada", password, runKey: false }]
    })
    if (host === undefined) return assert.fail("no host")
    const folder = yield* fs.makeTempDirectoryScoped({ prefix: "lc-add-" })
    const config = `${folder}/config`
    yield* fs.writeFileString(config, `Host *\n  UserKnownHostsFile ${folder}/known\n  IdentityAgent none\n`)
    assert.strictEqual(spawnSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", `${folder}/id key`]).status, 0)

    const asked = yield* Ref.make<ReadonlyArray<string>>([])
    const answering = (yes: boolean) =>
      Effect.provideService(Question, {
        heard: Effect.succeed(true),
        confirm: (text) => Effect.as(Ref.update(asked, (all) => [...all, text]), yes),
        secret: (text) => Effect.as(Ref.update(asked, (all) => [...all, text]), password)
      })
    const add = (...words: ReadonlyArray<string>) =>
      commandLine.run(
        "add-runtime",
        "box",
        `ada@127.0.0.1:${host.port}`,
        "--id-file",
        `${folder}/id key`,
        "--config",
        config,
        ...words
      )
    const remove = commandLine.run("delete-runtime", "box", "--config", config)

    // In a pipe nobody can be asked: it says what to type.
    const piped = yield* add()
    assert.strictEqual(piped.code, 1)
    assert.include(piped.err, `lazycluster list-runtimes --hosts box --accept-new --config ${config}`)
    yield* remove

    // No is no: nothing is noted.
    const refused = yield* answering(false)(add())
    assert.strictEqual(refused.code, 1)
    const [, blob = ""] = host.hostKey.split(" ")
    const digest = createHash("sha256").update(Buffer.from(blob, "base64")).digest("base64").replace(/=+$/, "")
    assert.include(refused.err, `SHA256:${digest}`)
    assert.isFalse(yield* fs.exists(`${folder}/known`))
    yield* remove

    const added = yield* answering(true)(add("--copy-id"))
    assert.strictEqual(added.code, 0, added.err)
    assert.match(added.out, /^box {2}active {2}\d+ cores?, /)
    assert.include(added.err, `[127.0.0.1]:${host.port} shows the host key`)
    assert.include(added.err, "box: your key is let in now\n")
    assert.notInclude(JSON.stringify(added), "correct horse")
    assert.include(yield* fs.readFileString(`${folder}/known`), `[127.0.0.1]:${host.port} `)
    assert.deepStrictEqual(yield* Ref.get(asked), [
      "Is that the right one? Ask whoever runs the host if in doubt.",
      "Is that the right one? Ask whoever runs the host if in doubt.",
      "ada@127.0.0.1's password"
    ])

    // Idempotent: once is enough, and the key alone opens.
    yield* remove
    const again = yield* add("--copy-id")
    assert.include(again.err, "box: your key was let in before\n")
    const keys = yield* fs.readFileString(`${host.home}/.ssh/authorized_keys`)
    assert.strictEqual(keys, yield* fs.readFileString(`${folder}/id key.pub`))
    // The server is in this process: it must not be blocked.
    const openssh = yield* Command.make("ssh", "-F", config, "-o", "BatchMode=yes", "box", "echo", "here").pipe(
      Command.string,
      Effect.timeout("30 seconds")
    )
    assert.strictEqual(openssh, "here\n")
  }).pipe(Effect.provide(NodeContext.layer)))
