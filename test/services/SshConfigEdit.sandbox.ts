/** OpenSSH reads what SshConfigEdit writes, and reads the rest as before. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import { spawnSync } from "node:child_process"
import * as SshConfigEdit from "../../src/services/SshConfigEdit.ts"

const runs = 40

const isInstalled = spawnSync("ssh", ["-V"]).status === 0

const lines = FastCheck.array(
  FastCheck.constantFrom(
    "Host *",
    "Host a b",
    "host=n?w",
    "Host !new *",
    "  Host \"other\"",
    "Match all",
    "Match host n* exec \"true\"",
    "Match originalhost new user ada",
    "Include DIR/more",
    "  User bob",
    "\tPort 2222",
    "  IdentityFile \"/a b\"",
    "  ProxyCommand sh -c 'x \"y\"' # z",
    "  HostName %h.example.com",
    "# a comment",
    "  # indented",
    ""
  ),
  { maxLength: 10 }
)

const ending = FastCheck.tuple(FastCheck.constantFrom("\n", "\r\n"), FastCheck.boolean())

/** What `ssh -G` says of a name. */
const asked = (file: string, name: string): ReadonlyArray<string> => {
  const { status, stderr, stdout } = spawnSync("ssh", ["-G", "-F", file, name], { encoding: "utf8" })
  assert.strictEqual(status, 0, stderr)
  return stdout.trim().split("\n")
}

describe.skipIf(!isInstalled)("SshConfigEdit beside ssh -G", () => {
  it.scopedLive(`${runs} configs: the entry counts, everybody else's stays, and its removal leaves the same bytes`, () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const given = Number(process.env["LAZYCLUSTER_SEED"] ?? Number.NaN)
      const seed = Number.isInteger(given) ? given : (yield* Clock.currentTimeMillis) % 1_000_000_007
      yield* Effect.log(`the seed is ${seed}; LAZYCLUSTER_SEED=${seed} runs the same configs again`)
      const folder = yield* fs.realPath(yield* fs.makeTempDirectoryScoped({ prefix: "lc-edit-" }))
      const file = `${folder}/config`
      yield* fs.writeFileString(`${folder}/key #1`, "")
      yield* fs.writeFileString(`${folder}/more`, "Host inside\n  User eve\nHost *\n  Compression yes\n", {
        mode: 0o600
      })
      let added = 0
      for (const [all, [end, ended]] of FastCheck.sample(FastCheck.tuple(lines, ending), { numRuns: runs, seed })) {
        const text = (all.join(end) + (ended ? end : "")).replaceAll("DIR/", `${folder}/`)
        yield* fs.writeFileString(file, text, { mode: 0o600 })
        const before = asked(file, "other")
        const story = JSON.stringify({ seed, text })
        const change = yield* Effect.either(SshConfigEdit.add({
          name: "new",
          hostName: "10.0.0.7",
          user: "ada",
          port: 22,
          identityFile: `${folder}/key #1`,
          options: [["SetEnv", "A=\"b c\""], ["ServerAliveInterval", "7"]]
        }, { file }))
        if (change._tag === "Left") {
          assert.strictEqual(change.left.reason, "Overridden", story)
          continue
        }
        yield* SshConfigEdit.write(change.right)
        const entry = asked(file, "new")
        for (
          const line of [
            "hostname 10.0.0.7",
            "user ada",
            "port 22",
            `identityfile ${folder}/key #1`,
            "setenv A=b c",
            "serveraliveinterval 7"
          ]
        ) {
          assert.include(entry, line, story)
        }
        assert.deepStrictEqual(asked(file, "other"), before, story)
        yield* SshConfigEdit.write(yield* SshConfigEdit.remove("new", { file }))
        assert.strictEqual(yield* fs.readFileString(file), text, story)
        added++
      }
      assert.isAbove(added, runs / 2)
    }).pipe(Effect.provide(NodeContext.layer)))
})
