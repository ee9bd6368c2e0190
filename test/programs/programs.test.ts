/** What holds for every shell program: plain text that any POSIX shell reads. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawnSync } from "node:child_process"
import * as programs from "../../src/internal/programs.ts"

const names = ["run", "guardian", "anchor"]
const shells = [["sh"], ["dash"], ["bash", "--posix"], ["busybox", "sh"], ["ksh"], [
  "yash",
  "--posixly-correct"
]] as const
const there = (command: string) => spawnSync("sh", ["-c", `command -v ${command}`]).status === 0

describe.each(names)("%s.sh", (name) => {
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

  it.effect.skipIf(!there("shellcheck"))("has no complaint from shellcheck", () =>
    Effect.gen(function*() {
      const { source } = yield* programs.load(name, "sh")
      const { stdout } = spawnSync("shellcheck", ["-s", "sh", "-"], { input: source, encoding: "utf8" })
      assert.strictEqual(stdout, "")
    }))
})
