import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Command from "@effect/platform/Command"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { existsSync, readFileSync, readlinkSync, statSync, writeFileSync } from "node:fs"
import { homedir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as Sandbox from "../../src/testing/Sandbox.ts"
import { run } from "./sandboxClients.ts"

const requirements = ["asyncssh==2.24.1", "paramiko==5.1.0"]

const succeeds = (command: string, ...words: ReadonlyArray<string>) =>
  Effect.flatMap(
    run(Command.make(command, ...words)),
    (ended) => ended.code === 0 ? Effect.void : Effect.dieMessage(`${command} ${words.join(" ")}: ${ended.stderr}`)
  )

/** An interpreter with both clients, made once and kept. */
const python = Effect.gen(function*() {
  const cache = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache")
  const folder = join(cache, "lazycluster-test", requirements.join("-").replaceAll("=", "-"))
  const complete = join(folder, "complete")
  if (!existsSync(complete)) {
    yield* succeeds("python3", "-m", "venv", "--clear", folder)
    yield* succeeds(join(folder, "bin/python"), "-m", "pip", "install", "--quiet", ...requirements)
    writeFileSync(complete, "")
  }
  return join(folder, "bin/python")
})

describe("Python's SSH clients against a Sandbox", () => {
  for (const name of ["asyncssh", "paramiko"]) {
    it.scopedLive(`${name}: commands, SFTP, forwards`, () =>
      Effect.gen(function*() {
        const interpreter = yield* python
        const sandbox = yield* Sandbox.make({
          hosts: 1,
          users: [{ name: "guest", password: Redacted.make("open sesame"), runKey: false }]
        })
        const [host] = sandbox.hosts
        assert.isDefined(host)
        const script = fileURLToPath(new URL(`./${name}Client.py`, import.meta.url))
        const ended = yield* run(
          Command.make(interpreter, script, String(host.port), sandbox.identityFile, sandbox.knownHostsFile)
        )
        assert.strictEqual(`${ended.code} ${ended.stdout}`, "0 done\n", ended.stderr)
        // What it has left behind, seen from here.
        assert.strictEqual(readlinkSync(join(host.home, "link")), "renamed")
        assert.strictEqual(readFileSync(join(host.home, "renamed")).length, 3_000_000)
        assert.strictEqual(statSync(join(host.home, "renamed")).mode & 0o777, 0o600)
      }).pipe(Effect.provide(NodeContext.layer)), 240_000)
  }
})
