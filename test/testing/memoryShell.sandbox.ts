/**
 * A line of shell does the same on a host in memory and in the real `sh` of this machine.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawnSync } from "node:child_process"
import { mkdtempSync, realpathSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { Ssh } from "../../src/services/Ssh.ts"
import { layer } from "../../src/testing/InMemorySsh.ts"
import { host, run } from "./memoryClient.ts"
import { lines } from "./shellLines.ts"

const inDirectory = Effect.acquireRelease(
  Effect.sync(() => realpathSync(mkdtempSync(`${tmpdir()}/lines-`))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
)

const really = (line: string, home: string) =>
  Effect.sync(() => {
    const { status, stderr, stdout } = spawnSync("/bin/sh", ["-c", line], {
      cwd: home,
      env: { HOME: home, PATH: "/usr/bin:/bin", LC_ALL: "C" },
      encoding: "utf8",
      input: ""
    })
    return { code: status, stdout, stderr }
  })

const inMemory = (line: string, home: string) =>
  Effect.gen(function*() {
    const ssh = yield* Ssh
    const connection = yield* ssh.connect(host("host-1"))
    const { exit, stderr, stdout } = yield* run(connection, ["sh", "-c", line], { cwd: home })
    return { code: exit.code, stdout, stderr }
  }).pipe(
    Effect.scoped,
    Effect.provide(layer([{ alias: "host-1", facts: { home }, env: { LC_ALL: "C", PATH: "/usr/bin:/bin" } }]))
  )

/** What a shell says of a line that it cannot read is its own; what it cannot start or open is told in one way. */
const told = ({ stderr }: { readonly stderr: string }) =>
  /Syntax error/.test(stderr) ? "Syntax error" : stderr.replaceAll(/^(?:\/bin\/sh|sh|s): \d+: /gm, "sh: 1: ")

describe("a line in memory and in the real shell", () => {
  for (const line of lines) {
    it.scopedLive(line.replaceAll("\n", "⏎"), () =>
      Effect.gen(function*() {
        const home = yield* inDirectory
        const [real, memory] = [yield* really(line, home), yield* inMemory(line, home)]
        assert.deepStrictEqual(
          { code: memory.code, stdout: memory.stdout, stderr: told(memory) },
          { code: real.code, stdout: real.stdout, stderr: told(real) }
        )
      }))
  }
})
