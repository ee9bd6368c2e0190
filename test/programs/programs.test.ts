/** What holds for every shell program: plain text that any POSIX shell reads. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawnSync } from "node:child_process"
import * as programs from "../../src/internal/programs.ts"

const names = [
  "run",
  "spawn",
  "signal",
  "guardian",
  "anchor",
  "doctor",
  "listener",
  "gpus",
  "holder",
  "network",
  "socket",
  "transfer",
  "files",
  "ledgers",
  "usage",
  "conformance"
]
const shells = [["sh"], ["dash"], ["bash", "--posix"], ["busybox", "sh"], ["ksh"], [
  "yash",
  "--posixly-correct"
]] as const
const there = (command: string) => spawnSync("sh", ["-c", `command -v ${command}`]).status === 0

describe.each(names)("%s", (name) => {
  it.effect("is ASCII", () =>
    Effect.gen(function*() {
      const { source } = yield* programs.load(name, "sh")
      assert.match(source, /^[\t\n -~]*$/)
    }))

  for (const [shell, ...options] of shells) {
    it.effect.skipIf(!there(shell))(`is read by ${shell}`, () =>
      Effect.gen(function*() {
        const { source } = yield* programs.load(name, "sh")
        const { status, stderr } = spawnSync(shell, [...options, "-n"], { input: source, encoding: "utf8" })
        assert.strictEqual(stderr, "")
        assert.strictEqual(status, 0)
      }))
  }

  // What is loaded has lost its comments and indentation: functions must not notice. Programs in strings may.
  it.effect.skipIf(!there("bash"))("means the same as it was written", () =>
    Effect.gen(function*() {
      const meaning = (source: string) => {
        const input = `all() {\n${source.replaceAll(/^lc_\w+=[^\s']*'[^'\n]*\n[^']*'$/gm, "")}\n}\ndeclare -f all`
        const { stdout, stderr } = spawnSync("bash", ["--posix"], { input, encoding: "utf8" })
        assert.strictEqual(stderr, "")
        assert.include(stdout, "all ()")
        return stdout
      }
      const { source } = yield* programs.load(name, "sh")
      assert.notMatch(source, /^\s|^#|<</m)
      assert.strictEqual(meaning(source), meaning(programs.read(name, "sh")))
    }))

  it.skipIf(!there("shellcheck"))("has no complaint from shellcheck", () => {
    const { stdout } = spawnSync("shellcheck", ["-s", "sh", "-"], {
      input: programs.read(name, "sh"),
      encoding: "utf8"
    })
    assert.strictEqual(stdout, "")
  })
})

describe("guardian", () => {
  it.effect("starts with the part that the others stand on, and ends with the choice of the role", () =>
    Effect.gen(function*() {
      const { source } = yield* programs.load("guardian", "sh")
      assert.match(source, /^lc_umask=/)
      assert.match(source, /\nesac\n$/)
    }))
})
